package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	cconv "github.com/pip-services3-gox/pip-services3-commons-gox/convert"
	yamlv3 "go.yaml.in/yaml/v3"
	yamlv2 "gopkg.in/yaml.v2"
)

// node is a value of the file with its place. It says where things stand; what they are to the container,
// the container's own readers say.
type node struct {
	shape      shape
	start, end int    // offsets in the expanded text
	name       string // of a key: as the container knows it
	keys       []*node
	values     []*node // of a mapping, beside keys; of a list
}

type shape int

const (
	scalar shape = iota
	empty        // null
	mapping
	list
)

// maxNodes bounds what aliases may grow to.
const maxNodes = 100_000

// errTooManyNodes says that a file is small and what it stands for is not.
var errTooManyNodes = errors.New("aliases make this file grow out of proportion; write what is meant, or use fewer aliases")

// fault is an error with a place in the expanded text.
type fault struct {
	offset int
	code   Code
	text   string
}

func (f *fault) Error() string { return f.text }

// yamlTree makes nodes of the first document.
type yamlTree struct {
	lines *lines
	count int
	open  map[*yamlv3.Node]bool // aliases being followed
}

func (t *yamlTree) build(from *yamlv3.Node) (*node, error) {
	if t.count++; t.count > maxNodes {
		return nil, &fault{offset: t.offset(from), code: CodeTooLarge, text: errTooManyNodes.Error()}
	}
	made := &node{start: t.offset(from)}
	switch from.Kind {
	case yamlv3.AliasNode:
		if t.open[from.Alias] {
			return nil, &fault{offset: made.start, code: CodeSyntax, text: "an alias stands inside what it stands for"}
		}
		t.open[from.Alias] = true
		defer delete(t.open, from.Alias)
		built, err := t.build(from.Alias)
		if found, ok := errors.AsType[*fault](err); ok && found.code == CodeTooLarge {
			found.offset = made.start // in the end, that of the outermost alias
		}
		return built, err
	case yamlv3.MappingNode:
		made.shape = mapping
		return made, t.buildMapping(made, from)
	case yamlv3.SequenceNode:
		made.shape = list
		for _, item := range from.Content {
			value, err := t.build(item)
			if err != nil {
				return nil, err
			}
			made.values = append(made.values, value)
		}
		return made, nil
	default:
		if from.ShortTag() == "!!null" {
			made.shape = empty
		}
		made.end = t.endOf(from, made.start)
		return made, nil
	}
}

func (t *yamlTree) buildMapping(made *node, from *yamlv3.Node) error {
	var merged []*yamlv3.Node
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind == yamlv3.MappingNode || key.Kind == yamlv3.SequenceNode {
			return &fault{offset: t.offset(key), code: CodeSyntax, text: "a key must be a text, not a mapping or a list; a value that begins with { or [ belongs in quotes"}
		}
		builtKey, err := t.build(key)
		if err != nil {
			return err
		}
		builtKey.name = keyName(key)
		builtValue, err := t.build(value)
		if err != nil {
			return err
		}
		made.keys, made.values = append(made.keys, builtKey), append(made.values, builtValue)
	}
	for _, value := range merged {
		if err := t.merge(made, value); err != nil {
			return err
		}
	}
	return nil
}

// merge adds what << brings and the mapping does not have itself.
func (t *yamlTree) merge(made *node, from *yamlv3.Node) error {
	built, err := t.build(from)
	if err != nil {
		return err
	}
	sources := []*node{built}
	if built.shape == list {
		sources = built.values
	}
	own := map[string]bool{}
	for _, key := range made.keys {
		own[key.name] = true
	}
	for _, source := range sources {
		if source.shape != mapping {
			return &fault{offset: t.offset(from), code: CodeSyntax, text: "<< takes a mapping or a list of mappings"}
		}
		for i, key := range source.keys {
			if !own[key.name] {
				own[key.name] = true
				made.keys, made.values = append(made.keys, key), append(made.values, source.values[i])
			}
		}
	}
	return nil
}

func (t *yamlTree) offset(of *yamlv3.Node) int { return t.lines.offset(of.Line, of.Column) }

// endOf returns where a scalar ends; of one over several lines, roughly.
func (t *yamlTree) endOf(of *yamlv3.Node, start int) int {
	text := t.lines.text[start:]
	switch {
	case of.Style&yamlv3.DoubleQuotedStyle != 0:
		for i := 1; i < len(text); i++ {
			if text[i] == '\\' {
				i++
			} else if text[i] == '"' {
				return start + i + 1
			}
		}
	case of.Style&yamlv3.SingleQuotedStyle != 0:
		for i := 1; i < len(text); i++ {
			if text[i] == '\'' {
				if !strings.HasPrefix(text[i+1:], "'") {
					return start + i + 1
				}
				i++
			}
		}
	case of.Style&(yamlv3.LiteralStyle|yamlv3.FoldedStyle) != 0:
		return start + min(len(text), 2*len(of.Value)+2)
	}
	return start + min(len(text), len(of.Value))
}

// keyName is what the container makes of a key: YAML 1.1 takes n for false and 010 for 8.
func keyName(of *yamlv3.Node) string {
	if of.Kind == yamlv3.AliasNode {
		return keyName(of.Alias)
	}
	// Only short words and what begins like a number can be anything but text.
	if of.Style != 0 || of.Value == "" || len(of.Value) > 5 && !strings.ContainsAny(of.Value[:1], "0123456789+-.") {
		return of.Value
	}
	var value any
	if yamlv2.Unmarshal([]byte(of.Value), &value) != nil {
		return of.Value
	}
	switch value.(type) {
	case nil, bool, int, int64, uint64, float64:
		return cconv.StringConverter.ToString(value)
	default:
		return of.Value
	}
}

// parseYAML returns the tree of the first document and the offset of the second one, -1 if there is none.
func parseYAML(text string) (tree *node, second int, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			tree, second, err = nil, -1, fmt.Errorf("%v", recovered)
		}
	}()
	second = -1
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	var document, more yamlv3.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return &node{shape: empty}, -1, nil
		}
		return nil, -1, err
	}
	t := &yamlTree{lines: newLines(text, true), open: map[*yamlv3.Node]bool{}}
	if decoder.Decode(&more) == nil {
		second = t.offset(&more)
	}
	if len(document.Content) == 0 {
		return &node{shape: empty}, second, nil
	}
	tree, err = t.build(document.Content[0])
	return tree, second, err
}

// jsonTree makes nodes of JSON that is known to be valid.
type jsonTree struct {
	text    string
	decoder *json.Decoder
	last    int // where the token before ended
}

func parseJSON(text string) (*node, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset := max(0, int(syntax.Offset)-1)
			return nil, &fault{offset: offset, code: CodeSyntax, text: "not valid JSON" + jsonHint(text, offset)}
		}
		return nil, &fault{code: CodeSyntax, text: "not valid JSON"}
	}
	t := &jsonTree{text: text, decoder: json.NewDecoder(strings.NewReader(text))}
	return t.next()
}

// jsonHint says what is most likely wrong at an offset. It shows one character at most.
func jsonHint(text string, offset int) string {
	rest := strings.TrimSpace(text[min(offset, len(text)):])
	before := strings.TrimRight(text[:min(offset, len(text))], " \t\r\n")
	switch {
	case strings.HasPrefix(rest, "#"), strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "/*"):
		return ": it has no comments"
	case strings.HasPrefix(rest, "]"), strings.HasPrefix(rest, "}"):
		if strings.HasSuffix(before, ",") {
			return ": there is a comma too many before this"
		}
		return ": this is not expected here"
	case len(rest) <= 1 && !strings.HasSuffix(before, "]") && !strings.HasSuffix(before, "}"), rest == "":
		return ": it ends too early"
	case strings.HasSuffix(before, "{"), strings.HasSuffix(before, ","):
		return ": a name or value in double quotes is expected here"
	default:
		return ": this is not expected here"
	}
}

// next reads one value.
func (t *jsonTree) next() (*node, error) {
	token, err := t.decoder.Token()
	if err != nil {
		return nil, err
	}
	made := &node{start: t.skip(), end: int(t.decoder.InputOffset())}
	t.last = made.end
	switch token := token.(type) {
	case nil:
		made.shape = empty
	case json.Delim:
		made.shape = list
		if token == '{' {
			made.shape = mapping
		}
		for t.decoder.More() {
			if made.shape == mapping {
				key, err := t.next()
				if err != nil {
					return nil, err
				}
				made.keys = append(made.keys, key)
			}
			value, err := t.next()
			if err != nil {
				return nil, err
			}
			made.values = append(made.values, value)
		}
		if _, err := t.decoder.Token(); err != nil {
			return nil, err
		}
		t.last = int(t.decoder.InputOffset())
	case string:
		made.name = token
	}
	return made, nil
}

// skip returns where the token begins that was read after last.
func (t *jsonTree) skip() int {
	at := t.last
	for at < len(t.text) && strings.IndexByte(" \t\r\n,:", t.text[at]) >= 0 {
		at++
	}
	return at
}
