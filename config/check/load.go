package check

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cconv "github.com/pip-services3-gox/pip-services3-commons-gox/convert"
	yamlv2 "gopkg.in/yaml.v2"
)

// loadYAML reads the text as the container's YAML reader does. That one decides what is valid and what the
// values are; the places come from a parser that keeps them.
func (c *checker) loadYAML() {
	text := c.expanded.text
	tree, second, treeErr := parseYAML(text)
	if found, ok := errors.AsType[*fault](treeErr); ok {
		c.add(c.at(found.offset), Error, found.code, found.text)
		return
	}
	value, err := decodeYAML(text)
	if err != nil {
		offset, what := locateYAMLFault(text, err)
		c.add(c.at(offset), Error, CodeSyntax, what)
		return
	}
	if treeErr != nil {
		tree = &node{shape: empty}
	}
	if second >= 0 {
		c.add(c.at(second), Error, CodeSeveralDocuments, "a second document begins here, which the container ignores with all that follows; remove the --- above it")
	}
	c.loadEntries(tree, value, func() *cconf.ConfigParams { return cconf.NewConfigParamsFromValue(value) })
}

func decodeYAML(text string) (value any, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			value, err = nil, fmt.Errorf("%v", recovered)
		}
	}()
	err = yamlv2.Unmarshal([]byte(text), &value)
	return value, err
}

// loadJSON reads the text as the container's JSON reader does, which takes what is not JSON for nothing.
func (c *checker) loadJSON() {
	text := c.expanded.text
	tree, err := parseJSON(text)
	if err != nil {
		what, offset := "not valid JSON", 0
		if found, ok := errors.AsType[*fault](err); ok {
			what, offset = found.text, found.offset
		}
		what += "; the container would start without components and say nothing"
		if extension := filepath.Ext(c.name); extension != ".json" {
			what += fmt.Sprintf("; a file that ends in %q is read as JSON, YAML must end in .yml or .yaml", extension)
		}
		c.add(c.at(offset), Error, CodeSyntax, what)
		return
	}
	value := cconv.JsonConverter.ToMap(text)
	c.loadEntries(tree, value, func() *cconf.ConfigParams { return cconf.NewConfigParamsFromValue(value) })
}

// locateYAMLFault finds where a YAML error is, and words it without showing anything of the file: it may
// be a password that is not in quotes.
func locateYAMLFault(text string, err error) (offset int, what string) {
	first := func(part string) int { return max(0, strings.Index(text, part)) }
	switch message := err.Error(); {
	case strings.Contains(message, "unknown anchor"):
		return first("*" + anchorIn(message)), "an alias has no anchor; a value that begins with * belongs in quotes"
	case strings.Contains(message, "cannot decode"):
		return first("!!"), "a value is not what its tag (!!…) says; remove the tag"
	case strings.Contains(message, "invalid map key"):
		return 0, "a key must be a text, not a mapping or a list"
	case strings.Contains(message, "excessive aliasing"):
		return first("*"), errTooManyNodes.Error()
	case strings.Contains(message, "exceeded max depth"):
		return 0, "it is nested too deep"
	case strings.Contains(message, "incompatible YAML document"), strings.Contains(message, "directive"):
		return first("%"), "a line that begins with % says what YAML this is, and is not understood; remove it"
	case strings.Contains(message, "map merge"):
		return first("<<"), "<< takes a mapping or a list of mappings"
	default:
		return locateSyntaxFault(text, withoutLine(message))
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

// withoutLine is a message without the line, which the parser does not know well.
func withoutLine(message string) string { return yamlLine.ReplaceAllString(message, "") }

// locateSyntaxFault finds the place of a syntax error by looking how much of the text is needed to get it:
// lines first, then characters of the last line.
func locateSyntaxFault(text, message string) (offset int, what string) {
	fails := func(end int) bool {
		_, err := decodeYAML(text[:end])
		return err != nil && withoutLine(err.Error()) == message
	}
	at := newLines(text, true)
	line := 1 + sort.Search(len(at.starts)-1, func(i int) bool { return fails(at.starts[i+1]) })
	start, end := at.starts[line-1], len(text)
	if line < len(at.starts) {
		end = at.starts[line]
	}
	// The character itself is needed, so the fault is the last one of the shortest text that has it.
	exact := start + sort.Search(end-start, func(i int) bool { return fails(runeEnd(text, start+i)) })
	exact = min(exact, max(start, len(strings.TrimRight(text, blank))-1))
	for exact > 0 && !utf8.RuneStart(text[exact]) {
		exact--
	}
	switch {
	case strings.Contains(message, "tab character"), strings.Contains(message, "cannot start any token"):
		if tab := strings.IndexByte(text[start:end], '\t'); tab >= 0 && strings.TrimSpace(text[start:start+tab]) == "" {
			exact = start + tab
		}
		return exact, badStart(text[exact:])
	case strings.Contains(message, "mapping values"):
		return exact, "not valid YAML: a colon is not expected here; indent the line as those beside it, or put a text with a colon in quotes"
	case strings.Contains(message, "',' or ']'"):
		return lastOpen(text, exact, '[', ']'), "not valid YAML: a list that begins with [ is not closed with ], or has a quote too many"
	case strings.Contains(message, "',' or '}'"):
		return lastOpen(text, exact, '{', '}'), "not valid YAML: a mapping that begins with { is not closed with }, or has a quote too many"
	case strings.Contains(message, "unexpected end of stream"):
		return exact, "not valid YAML: a text in quotes is not closed"
	case strings.Contains(message, "escape character"):
		return exact, "not valid YAML: a backslash in double quotes begins no known escape; write two of them, or use single quotes"
	default:
		return at.firstIn(line), "not valid YAML: " + expected(message)
	}
}

// runeEnd is the end of the character that an offset is in.
func runeEnd(text string, offset int) int {
	for offset++; offset < len(text) && !utf8.RuneStart(text[offset]); offset++ {
	}
	return offset
}

// lastOpen is the offset of the last bracket up to an offset that has not been closed.
func lastOpen(text string, offset int, opening, closing byte) int {
	closed := 0
	for at := min(offset, len(text)-1); at >= 0; at-- {
		switch text[at] {
		case closing:
			closed++
		case opening:
			if closed == 0 {
				return at
			}
			closed--
		}
	}
	return offset
}

// anchorIn is the name in "unknown anchor 'name' referenced".
func anchorIn(message string) string {
	_, rest, _ := strings.Cut(message, "'")
	name, _, _ := strings.Cut(rest, "'")
	return name
}

// badStart says why nothing can begin with a text.
func badStart(text string) string {
	switch {
	case strings.HasPrefix(text, "\t"):
		return "not valid YAML: a tab cannot be part of the indentation; use spaces"
	case text != "" && strings.Contains("@`%", text[:1]):
		return fmt.Sprintf("not valid YAML: a value cannot begin with %s; put it in quotes", text[:1])
	default:
		return "not valid YAML: a tab in the indentation, or a value that begins with @, ` or %; use spaces, or put the value in quotes"
	}
}

// expected turns what the parser misses into what to do.
func expected(message string) string {
	switch {
	case strings.Contains(message, "'-' indicator"):
		return "this line belongs to no entry of the list; indent it as those beside it"
	case strings.Contains(message, "expected ':'"):
		return "a key without a colon and a space after it"
	case strings.Contains(message, "expected key"):
		return "a key is expected here; indent the line as those beside it, and look for a quote too many"
	case strings.Contains(message, "node content"):
		return "a value is missing; one that begins with } ] or , belongs in quotes"
	default:
		return "something is not expected here; look at indentation, quotes and brackets"
	}
}
