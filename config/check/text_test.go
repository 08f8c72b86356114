package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

const one = "- descriptor: pip-services:message-queue:memory:orders:1.0\n"

func TestTextThatCannotBeReadIsAnErrorWithAPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, text, want string }{
		"empty":                      {"c.yml", "", "c.yml:1:1: error: is empty: the container would start without components"},
		"blank":                      {"c.yml", " \n\t\n", "c.yml:1:1: error: is empty: the container would start without components"},
		"nothing but comments":       {"c.yml", "# hello\n", "c.yml:1:1: error: holds no components: the container would start empty"},
		"null":                       {"c.yml", "---\n~\n", "c.yml:2:1: error: holds no components: the container would start empty"},
		"an empty list":              {"c.yml", "[]", "c.yml:1:1: error: holds no components: the container would start empty"},
		"a text":                     {"c.yml", "hello", "c.yml:1:1: error: holds a text and not a list of components; begin each with - descriptor:"},
		"not UTF-8":                  {"c.yml", one + "  p: a\xffb\n", "c.yml:2:7: error: is not UTF-8 text; save it as UTF-8"},
		"UTF-16":                     {"c.yml", "\xff\xfe-\x00", "c.yml:1:1: error: is not UTF-8 text; save it as UTF-8"},
		"a control character":        {"c.yml", one + "  p: ö\x00\n", "c.yml:2:7: error: has a control character here, which no container file may contain; remove it"},
		"a tab for indentation":      {"c.yml", one + "\tname: x\n", "c.yml:2:1: error: not valid YAML: a tab cannot be part of the indentation; use spaces"},
		"a tab after spaces":         {"c.yml", one + "  options:\n  \ta: 1\n", "c.yml:3:3: error: not valid YAML: a tab cannot be part of the indentation; use spaces"},
		"indented too much":          {"c.yml", one + "   name: x\n", "c.yml:2:8: error: not valid YAML: a colon is not expected here; indent the line as those beside it, or put a text with a colon in quotes"},
		"indented too little":        {"c.yml", one + " name: x\n", "c.yml:2:2: error: not valid YAML: this line belongs to no entry of the list; indent it as those beside it"},
		"not indented":               {"c.yml", one + "name: x\n", "c.yml:2:1: error: not valid YAML: this line belongs to no entry of the list; indent it as those beside it"},
		"outdented between":          {"c.yml", one + "  options:\n    a: 1\n   b: 2\n", "c.yml:4:4: error: not valid YAML: a key is expected here; indent the line as those beside it, and look for a quote too many"},
		"a colon in a value":         {"c.yml", one + "  p: a: b\n", "c.yml:2:7: error: not valid YAML: a colon is not expected here; indent the line as those beside it, or put a text with a colon in quotes"},
		"a list not closed":          {"c.yml", one + "  p: [x\n", "c.yml:2:6: error: not valid YAML: a list that begins with [ is not closed with ], or has a quote too many"},
		"a mapping not closed":       {"c.yml", one + "  p: {x: 1\n", "c.yml:2:6: error: not valid YAML: a mapping that begins with { is not closed with }, or has a quote too many"},
		"a quote not closed":         {"c.yml", one + "  p: \"x\n  k: j\n", "c.yml:2:6: error: not valid YAML: a text in quotes is not closed"},
		"a bad escape":               {"c.yml", one + "  p: \"\\q\"\n", "c.yml:2:7: error: not valid YAML: a backslash in double quotes begins no known escape; write two of them, or use single quotes"},
		"a key without colon":        {"c.yml", one + "  name\n  k: j\n", "c.yml:2:3: error: not valid YAML: a key without a colon and a space after it"},
		"a value that begins with @": {"c.yml", one + "  p: @x\n", "c.yml:2:6: error: not valid YAML: a value cannot begin with @; put it in quotes"},
		"a value that begins with *": {"c.yml", one + "  p: *s3cret\n", "c.yml:2:6: error: an alias has no anchor; a value that begins with * belongs in quotes"},
		"an alias in itself":         {"c.yml", one + "  p: &a [*a]\n", "c.yml:2:10: error: an alias stands inside what it stands for"},
		"a false tag":                {"c.yml", one + "  p: !!int s3cret\n", "c.yml:2:6: error: a value is not what its tag (!!…) says; remove the tag"},
		"a list for a key":           {"c.yml", one + "  ? [s3cret]\n  : 1\n", "c.yml:2:5: error: a key must be a text, not a mapping or a list; a value that begins with { or [ belongs in quotes"},
		"a merge of a text":          {"c.yml", one + "  <<: s3cret\n", "c.yml:2:7: error: << takes a mapping or a list of mappings"},
		"an unknown YAML version":    {"c.yml", "%YAML 3.0\n---\n" + one, "c.yml:1:1: error: a line that begins with % says what YAML this is, and is not understood; remove it"},
		"a second document":          {"c.yml", one + "---\n" + one, "c.yml:2:1: error: a second document begins here, which the container ignores with all that follows; remove the --- above it"},
		"broken JSON":                {"c.json", "[\n {\"descriptor\": s3cret}]", "c.json:2:17: error: not valid JSON: this is not expected here; the container would start without components and say nothing"},
		"JSON with a comma too many": {"c.json", "[{\"descriptor\": \"a:b:c:d:1.0\",\n}]", "c.json:2:1: error: not valid JSON: there is a comma too many before this; the container would start without components and say nothing"},
		"JSON with a comment":        {"c.json", "[ // hello\n]", "c.json:1:3: error: not valid JSON: it has no comments; the container would start without components and say nothing"},
		"JSON that ends too early":   {"c.json", "[{\"descriptor\"", "c.json:1:14: error: not valid JSON: it ends too early; the container would start without components and say nothing"},
		"YAML by another name":       {"c.YML", one, `c.YML:1:2: error: not valid JSON: this is not expected here; the container would start without components and say nothing; a file that ends in ".YML" is read as JSON, YAML must end in .yml or .yaml`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := check.Bytes(context.Background(), test.file, []byte(test.text), nil, known()...)
			require.Equal(t, test.want+"\n", report.String())
			require.True(t, report.HasErrors())
		})
	}
}

func TestEntriesThatAreNotComponentsAreErrors(t *testing.T) {
	t.Parallel()
	const refused = "; the container refuses the whole file\n"
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                  {one + "-\n", "c.yml:2:2: error: the entry is not a component: it must be a mapping that begins with descriptor:" + refused},
		"a text":                   {one + "- s3cret\n", "c.yml:2:3: error: the entry is not a component: it must be a mapping that begins with descriptor:" + refused},
		"an empty mapping":         {one + "- {}\n", "c.yml:2:3: error: the entry is not a component: it must be a mapping that begins with descriptor:" + refused},
		"no descriptor":            {one + "- name: x\n", "c.yml:2:3: error: the entry has neither a descriptor nor a type" + refused},
		"an empty descriptor":      {"- descriptor:\n  name: x\n", "c.yml:1:3: error: the entry has neither a descriptor nor a type" + refused},
		"a misspelt descriptor":    {"- descripter: a:b:c:d:1.0\n", "c.yml:1:3: error: the entry has neither a descriptor nor a type; did you mean descriptor by descripter?" + refused},
		"a list below a key":       {"components:\n- descriptor: a:b:c:d:1.0\n", "c.yml:1:1: error: the entry holds a list or mapping of components where a component belongs; move them to the top of the file" + refused},
		"too few fields":           {"- descriptor: a:b:c:d\n", "c.yml:1:15: error: the descriptor must be group:type:kind:name:version, as in pip-services:message-queue:memory:orders:1.0" + refused},
		"a type of three":          {"- type: a,b,c\n", "c.yml:1:9: error: the type must be name,package" + refused},
		"two keys":                 {one + "  name: a\n  name: b\n", "c.yml:3:3: error: key name is given twice, first in line 2; only this one counts, remove one\n"},
		"two sections":             {one + "  options: {lock_timeout: 60000}\n  options: {retry_delay: 5}\n", "c.yml:3:3: error: key options is given twice, first in line 2; only this one counts, remove one\n"},
		"dots and a section":       {one + "  options.lock_timeout: 60000\n  options: {lock_timeout: 60000}\n", "c.yml:3:13: error: options.lock_timeout is given twice, with dots and as a section in line 2; which one counts is chance, remove one\n"},
		"a key that YAML misreads": {one + "  yes: 1\n", "c.yml:2:3: error: key yes is read as true; put it in quotes\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, inYAML(test.text).String())
		})
	}
}

func TestOtherWaysToWriteTheSameAreFine(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a mapping of components": "\"01\":\n  descriptor: pip-services:message-queue:memory:a:1.0\n",
		"keys with dots":          one + "  options.lock_timeout: 60000\n",
		"anchors and aliases":     one + "  options: &shared {lock_timeout: 60000}\n- descriptor: pip-services:message-queue:memory:b:1.0\n  options: *shared\n",
		"merges with a change":    one + "  options: &shared {lock_timeout: 60000, retry_delay: 5}\n- descriptor: pip-services:message-queue:memory:b:1.0\n  options:\n    <<: *shared\n    retry_delay: 6\n",
		"merges":                  one + "  options: &shared {lock_timeout: 60000}\n- descriptor: pip-services:message-queue:memory:b:1.0\n  options:\n    <<: *shared\n    retry_delay: 5\n",
		"a byte order mark":       "\uFEFF" + one,
		"a type":                  "- type: Worker,workers\n  options: {anything: goes}\n",
		"line ends of Windows":    strings.ReplaceAll(one+"  options:\n    lock_timeout: 60000\n", "\n", "\r\n"),
		"a document start":        "---\n" + one + "...\n",
		"a quoted y":              one + "  \"y\": 1\n",
	} {
		require.Empty(t, inYAML(text).String(), name)
	}
	report := check.Bytes(context.Background(), "c.json", []byte(`[{"descriptor": "pip-services:message-queue:memory:a:1.0", "options": {"lock_timeout": 60000}}]`), nil, known()...)
	require.Empty(t, report.String())
}

func TestAMistakeInAnAnchorIsReportedWhereItIsWritten(t *testing.T) {
	t.Parallel()
	report := inYAML(one + "  options: &shared\n    lock_timout: 5\n- descriptor: pip-services:message-queue:memory:b:1.0\n  options: *shared\n- descriptor: pip-services:message-queue:memory:c:1.0\n  options:\n    <<: *shared\n")
	require.Equal(t, "c.yml:3:5: error: unknown option options.lock_timout; did you mean options.lock_timeout?\n", report.String())
}

func TestPlacesAreInCharactersAndOnRightLines(t *testing.T) {
	t.Parallel()
	text := "# ö€𝄞\r\n# \"\r\n- descriptor: 'pip-services:message-queue:memory:größe:1.0'\r\n  options: {retry_delay: 1000, \"lock_timeout\": ä}\r\n"
	require.Equal(t, "c.yml:4:48: error: options.lock_timeout: \"ä\" is not a whole number of milliseconds; write digits only\n", inYAML(text).String())
	require.Contains(t, inYAML("\uFEFF- descriptor: pip-services:message-queue:memry:orders:1.0\n").String(), "c.yml:1:15: error: unknown kind")
	report := check.Bytes(context.Background(), "c.json", []byte("[\n {\"größe\": \"ä\", \"descriptor\": \"pip-services:message-queue:memory:a:1.0\",\n  \"options\": {\"ö\": 1, \"lock_timeout\": \"ä\"}}]"), nil, known()...)
	require.Len(t, report.Problems, 2)
	require.Contains(t, report.String(), "c.json:3:15: error: unknown option options.ö;")
	require.Contains(t, report.String(), "c.json:3:39: error: options.lock_timeout: \"ä\"")
}

func TestALargeFileIsRefusedUnread(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large.yml")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte(one), 10<<20/len(one)), 0o600))
	report := check.File(context.Background(), path, nil, known()...)
	require.Equal(t, path+":1:1: error: is larger than 1048576 bytes, which is more than any container file\n", report.String())
}

func TestNothingThatFitsTakesLong(t *testing.T) {
	t.Parallel()
	fill := func(unit string) string { return strings.Repeat(unit, check.MaxSize/len(unit)) }
	bomb := "- &a [x,x,x,x,x,x,x,x,x,x]\n"
	for name := 'b'; name <= 'j'; name++ {
		bomb += "- &" + string(name) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(name-1)+",", 10), ",") + "]\n"
	}
	for name, text := range map[string]string{
		"components":          fill(one),
		"an alias bomb":       bomb,
		"a long line":         one + "  p: @" + strings.Repeat("x", check.MaxSize-100),
		"brackets":            fill("["),
		"braces":              fill("{a: "),
		"dashes":              fill("- "),
		"quotes":              fill("\" "),
		"unknown options":     one + "  options:\n" + numbered(2_000, "    lock_timou%d: 1\n"),
		"keys":                one + numbered(60_000, "  k%d: 1\n"),
		"a long key":          one + "  options:\n    " + strings.Repeat("k", 1<<19) + ": 1\n",
		"tags":                fill("{{a}}"),
		"tags that are open":  fill("{{"),
		"sections":            fill("{{#a}}"),
		"anchors":             numbered(60_000, "- &a%d x\n"),
		"depth":               indented(1000),
		"tabs":                fill("\t- a\n"),
		"a JSON-like garbage": fill("{\"a\":"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, file := range []string{"c.yml", "c.json"} {
				started := time.Now()
				report := check.Bytes(context.Background(), file, []byte(text[:min(len(text), check.MaxSize)]), nil, known()...)
				require.NotEmpty(t, report.Problems)
				// Far above what it takes, and far below what anything worse than linear would.
				require.Less(t, time.Since(started), 2*time.Minute, file)
			}
		})
	}
}

func numbered(count int, format string) string {
	var text strings.Builder
	for i := range count {
		text.WriteString(strings.ReplaceAll(format, "%d", string(rune('a'+i%26))+strings.Repeat("x", i%5)+itoa(i)))
	}
	return text.String()
}

func itoa(i int) string {
	text, _ := json.Marshal(i)
	return string(text)
}

func indented(depth int) string {
	var text strings.Builder
	for i := range depth {
		text.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return text.String()
}

func TestAliasesMayGrowAFileWithinBounds(t *testing.T) {
	t.Parallel()
	grown := func(items, times int) check.Report {
		return inYAML(one + "  a: &a [" + strings.Repeat("x,", items) + "]\n  b: [" + strings.Repeat("*a,", times) + "]\n")
	}
	const tooMuch = "error: aliases make this file grow out of proportion; write what is meant, or use fewer aliases\n"
	require.Empty(t, grown(1500, 60).String())
	require.Equal(t, "c.yml:3:202: "+tooMuch, grown(1500, 70).String(), "by our measure, at the alias that is too much")
	require.Equal(t, "c.yml:3:7: "+tooMuch, grown(300, 250).String(), "by that of the container's parser")
}

func TestAnAliasBombIsAnErrorWithAPlace(t *testing.T) {
	t.Parallel()
	text := "- &a [x,x,x,x,x,x,x,x,x,x]\n"
	for name := 'b'; name <= 'j'; name++ {
		text += "- &" + string(name) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(name-1)+",", 10), ",") + "]\n"
	}
	report := inYAML(text)
	require.Len(t, report.Problems, 1)
	require.Equal(t, check.CodeTooLarge, report.Problems[0].Code)
	require.Contains(t, report.Problems[0].Text, "aliases make this file grow")
}

func TestAFileThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	report := check.File(context.Background(), "no/such.yml", nil)
	require.Equal(t, "no/such.yml:1:1: error: cannot be read: no such file or directory\n", report.String())
	dir := t.TempDir()
	require.Equal(t, dir+":1:1: error: cannot be read: is it a file?\n", check.File(context.Background(), dir, nil).String())
}

func TestACheckStopsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report := check.Bytes(ctx, "c.yml", []byte(one+"  options: {lock_timout: 1}\n"), nil, known()...)
	require.Equal(t, "c.yml:1:3: error: the check was stopped before this: context canceled\n", report.String())
}

func TestAReportEncodesToJSON(t *testing.T) {
	t.Parallel()
	encoded, err := json.Marshal(inYAML(one + "  options: {lock_timout: 1}\n"))
	require.NoError(t, err)
	require.JSONEq(t, `{"file": "c.yml", "problems": [{
		"file": "c.yml", "line": 2, "column": 13, "severity": "error", "code": "unknown-option",
		"component": "pip-services:message-queue:memory:orders:1.0", "key": "options.lock_timout",
		"text": "unknown option options.lock_timout; did you mean options.lock_timeout?"}]}`, string(encoded))
	encoded, err = json.Marshal(inYAML(one))
	require.NoError(t, err)
	require.JSONEq(t, `{"file": "c.yml", "problems": []}`, string(encoded))
}

func TestAReportTellsErrorsFromWarnings(t *testing.T) {
	t.Parallel()
	report := inYAML(one + "  lock_timeout: 1\n  options: {listen_interval: 1}\n")
	require.False(t, report.HasErrors())
	require.NoError(t, report.Err())
	require.Len(t, report.Warnings(), 2)
	report = inYAML(one + "  lock_timeout: 1\n  options: {lock_timout: 1}\n")
	require.True(t, report.HasErrors())
	require.EqualError(t, report.Err(), "c.yml:3:13: error: unknown option options.lock_timout; did you mean options.lock_timeout?")
	require.Len(t, report.Errors(), 1)
	require.Len(t, report.Warnings(), 1)
}
