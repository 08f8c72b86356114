package check

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pip-services3-gox/pip-services3-expressions-gox/mustache/parsers"
)

// expansion is the text of a file with its parameters filled in, and where each part of it comes from.
type expansion struct {
	text   string
	pieces []piece // in the order of text, without gaps
	unset  []piece // parameters that have no value and no default, in the order of text
}

// piece is a part of an expansion that was copied from the file or is the value of a parameter.
type piece struct {
	at        int    // in the expanded text
	from      int    // in the file: of the first character, or of the tag
	parameter string // its name; "" for what was copied
}

// origin returns the offset in the file of an offset in the expanded text.
func (e expansion) origin(offset int) int {
	i := e.pieceAt(offset)
	if i < 0 {
		return 0
	}
	if e.pieces[i].parameter != "" {
		return e.pieces[i].from
	}
	return e.pieces[i].from + offset - e.pieces[i].at
}

// pieceAt returns the index of the piece that holds an offset; -1 if there are none.
func (e expansion) pieceAt(offset int) int {
	return sort.Search(len(e.pieces), func(i int) bool { return e.pieces[i].at > offset }) - 1
}

// parametersIn returns the names of the parameters whose values are between two offsets of the expanded text.
func (e expansion) parametersIn(start, end int) []string {
	var names []string
	for i := max(0, e.pieceAt(start)); i < len(e.pieces) && e.pieces[i].at < end; i++ {
		if name := e.pieces[i].parameter; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// unsetIn returns the parameters without a value between two offsets of the expanded text, both included.
func (e expansion) unsetIn(start, end int) []piece {
	from := sort.Search(len(e.unset), func(i int) bool { return e.unset[i].at >= start })
	to := sort.Search(len(e.unset), func(i int) bool { return e.unset[i].at > end })
	return e.unset[from:max(from, to)]
}

// tag is one {{…}} of a template, as the toolkit's parser understands it.
type tag struct {
	token *parsers.MustacheToken
	from  int // in the file
}

// expand fills in parameters as the container's configuration reader does. The toolkit's own parser says
// what is a tag and what it means; the place of each is found beside it, since it forgets them.
func (c *checker) expand(source string) (expansion, bool) {
	tokens, err := parseTemplate(source)
	if err != nil {
		c.add(c.file.place(locateTemplateFault(source, err)), Error, CodeTemplate, templateFault(source, err))
		return expansion{}, false
	}
	result := expansion{}
	var text strings.Builder
	put := func(from int, parameter, value string) {
		if value != "" {
			result.pieces = append(result.pieces, piece{at: text.Len(), from: from, parameter: parameter})
			text.WriteString(value)
		}
	}
	tags := locateTags(source, tokens)
	hasSection := sectionsIn(tags)
	var skipping []bool // for each open section
	for _, each := range tags {
		name, silent := each.token.Value(), slices.Contains(skipping, true)
		switch each.token.Type() {
		case parsers.TokenSection:
			skipping = append(skipping, c.parameter(name, each.from) == "")
		case parsers.TokenInvertedSection:
			skipping = append(skipping, c.parameter(name, each.from) != "")
		case parsers.TokenSectionEnd:
			skipping = skipping[:max(0, len(skipping)-1)]
		case parsers.TokenValue:
			if !silent {
				put(each.from, "", name)
			}
		case parsers.TokenVariable, parsers.TokenEscapedVariable:
			if silent {
				continue
			}
			value := c.parameter(name, each.from)
			if each.token.Type() == parsers.TokenEscapedVariable {
				value = escape(value)
			}
			if value == "" && !hasSection[strings.ToLower(name)] {
				result.unset = append(result.unset, piece{at: text.Len(), from: each.from, parameter: name})
			}
			put(each.from, name, value)
		}
	}
	result.text = text.String()
	return result, true
}

// parameter returns the value of a parameter; case does not count. The toolkit takes any of several that
// match, at random.
func (c *checker) parameter(name string, from int) string {
	value, exact := c.parameters[name]
	var others []string
	for other := range c.parameters {
		if other != name && strings.EqualFold(other, name) {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	for _, other := range others {
		if exact && c.parameters[other] != value {
			c.add(c.file.place(from), Warning, CodeAmbiguousParameter, fmt.Sprintf(
				"{{%s}} may become the value of %s as well as that of %s, since case does not count here; rename one of them", name, name, other))
		}
	}
	if !exact && len(others) > 0 {
		return c.parameters[others[0]]
	}
	return value
}

// sectionsIn returns the names, in lower case, of the parameters that sections ask for.
func sectionsIn(tags []tag) map[string]bool {
	names := map[string]bool{}
	for _, each := range tags {
		if kind := each.token.Type(); kind == parsers.TokenSection || kind == parsers.TokenInvertedSection {
			names[strings.ToLower(each.token.Value())] = true
		}
	}
	return names
}

// escape is what {{{name}}} does to a value.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "/", `\/`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace

// parseTemplate runs the toolkit's parser, which panics on sections that are left open.
func parseTemplate(source string) (tokens []*parsers.MustacheToken, err error) {
	defer func() {
		if recover() != nil {
			tokens, err = nil, errors.New("a section is left open")
		}
	}()
	parser := parsers.NewMustacheParser()
	if err := parser.SetTemplate(source); err != nil {
		return nil, err
	}
	return parser.InitialTokens(), nil
}

// blank is what the toolkit cuts off at both ends of a file.
const blank = " \t\r\n"

// locateTags finds where each token begins in the source: texts follow each other, with tags in between.
func locateTags(source string, tokens []*parsers.MustacheToken) []tag {
	at := len(source) - len(strings.TrimLeft(source, blank))
	tags := make([]tag, len(tokens))
	for i, token := range tokens {
		tags[i] = tag{token: token, from: at}
		if token.Type() == parsers.TokenValue {
			at += len(token.Value())
			continue
		}
		closing := "}}"
		if strings.HasPrefix(source[at:], "{{{") {
			closing = "}}}"
		}
		if end := strings.Index(source[at:], closing); end >= 0 {
			at += end + len(closing)
		}
	}
	return tags
}

var templateLine = regexp.MustCompile(`at line (\d+) and column (\d+)`)

// locateTemplateFault returns the offset of what the parser complained about: where it says, else where the
// tag or section begins that has no end.
func locateTemplateFault(source string, err error) int {
	cut := len(source) - len(strings.TrimLeft(source, blank))
	if found := templateLine.FindStringSubmatch(err.Error()); found != nil {
		line, _ := strconv.Atoi(found[1])
		column, _ := strconv.Atoi(found[2])
		offset := cut + newLines(source[cut:], false).offset(line, column)
		start := max(0, strings.LastIndex(source[:min(offset+1, len(source))], "{{"))
		for start > 0 && source[start-1] == '{' {
			start--
		}
		return start
	}
	var open []int
	for at := 0; ; {
		next := strings.Index(source[at:], "{{")
		if next < 0 {
			break
		}
		at += next
		end := strings.Index(source[at:], "}}")
		if end < 0 {
			return at
		}
		switch strings.TrimLeft(source[at+2:at+end]+" ", " {")[:1] {
		case "#", "^":
			open = append(open, at)
		case "/":
			open = open[:max(0, len(open)-1)]
		}
		at += end + 2
	}
	if len(open) > 0 {
		return open[len(open)-1]
	}
	return 0
}

// templateFault says what is wrong, in words that show nothing of the file: it may be a password that
// happens to have braces in it.
func templateFault(source string, err error) string {
	const hint = "; what stands in double braces must be {{NAME}}, {{#NAME}}…{{/NAME}} or {{^NAME}}…{{/NAME}}, also in comments and quotes"
	switch text := err.Error(); {
	case strings.Contains(text, "brackets"):
		return "the braces of a tag do not match" + hint
	case strings.Contains(text, "end of file"):
		return "a tag is not closed with }}" + hint
	case strings.Contains(text, "section end"):
		return "a section ends that has not begun, or another one is still open" + hint
	case strings.Contains(text, "section"), strings.Contains(text, "end of mustache"):
		return "a section is left open" + hint
	case strings.HasPrefix(text, "Internal error") && strings.Contains(source, "{{!"):
		return "comments as {{! … }} are not supported; write # … as in YAML" + hint
	default:
		return "a tag is malformed" + hint
	}
}
