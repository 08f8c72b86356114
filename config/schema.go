package config

import (
	"regexp"
	"strconv"
	"strings"
)

// placeholder matches text with a mustache tag, which the container fills in before a component sees it.
const placeholder = `\{\{.*\}\}`

// JSONSchema returns a JSON schema (draft 2020-12) of one component's entry in a container file, ready for
// encoding/json. Dots in keys become nested objects. Below "options" nothing else is allowed; beside it
// anything is, as it belongs to other components.
//
// The schema accepts what [Set.Parse] accepts, and moreover text with {{placeholders}}, since a file is
// checked before they are filled in. It does not know the bounds of numbers written in quotes, nor the checks
// of [Set.WithCheck].
func (s Set) JSONSchema() map[string]any {
	root := object(true)
	for _, option := range s.options {
		place(root, strings.Split(option.key, "."), option.schema(), true)
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return root
}

func object(open bool) map[string]any {
	schema := map[string]any{"type": []any{"object", "null"}, "properties": map[string]any{}}
	if !open {
		schema["additionalProperties"] = false
	}
	return schema
}

// place puts the schema of an option where its key says, making the objects on the way.
func place(parent map[string]any, path []string, schema map[string]any, open bool) {
	properties, ok := parent["properties"].(map[string]any)
	if !ok { // an option inside another: Lint reports it
		return
	}
	name := path[0]
	if len(path) == 1 {
		properties[name] = schema
		return
	}
	child, ok := properties[name].(map[string]any)
	if !ok {
		open = open && name != section
		child = object(open)
		properties[name] = child
	}
	place(child, path[1:], schema, open)
}

// schema describes one option.
func (o Option) schema() map[string]any {
	schema := map[string]any{"anyOf": append(o.forms(), pattern(`^\s*$`), pattern(placeholder), map[string]any{"type": "null"})}
	if description := o.describe(); description != "" {
		schema["description"] = description
	}
	if o.fallback != nil && !o.secret {
		schema["default"] = o.jsonDefault()
	}
	if o.secret {
		schema["writeOnly"] = true
	}
	if o.deprecated {
		schema["deprecated"] = true
	}
	return schema
}

// forms are the ways in which a value can be written.
func (o Option) forms() []any {
	switch o.kind {
	case TypeDuration, TypeInteger, TypeSize:
		return []any{
			map[string]any{"type": "integer", "minimum": o.min, "maximum": o.max},
			pattern(`^\s*[+-]?[0-9]+\s*$`),
		}
	case TypeBoolean:
		return []any{
			map[string]any{"type": "boolean"},
			map[string]any{"enum": []any{0, 1}},
			pattern(`^\s*([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|0|1)\s*$`),
		}
	case TypeChoice:
		return []any{map[string]any{"enum": spellings(o.choices)}, pattern(`^\s*(` + anyOf(o.choices) + `)\s*$`)}
	case TypeList:
		return o.listForms()
	default:
		return []any{scalar()}
	}
}

func (o Option) listForms() []any {
	if len(o.choices) == 0 {
		return []any{scalar(), map[string]any{"type": "array", "items": scalar()}}
	}
	entry := `\s*(` + anyOf(o.choices) + `)?\s*`
	return []any{
		pattern(`^` + entry + `(,` + entry + `)*$`),
		map[string]any{"type": "array", "items": map[string]any{"anyOf": []any{
			map[string]any{"enum": spellings(o.choices)}, pattern(placeholder),
		}}},
	}
}

func (o Option) describe() string {
	var parts []string
	if o.help != "" {
		parts = append(parts, o.help)
	}
	if unit := o.Unit(); unit != "" {
		parts = append(parts, "In "+unit+".")
	}
	if o.fallbackText != "" {
		parts = append(parts, "Default: "+o.fallbackText+".")
	}
	if o.zero != "" {
		parts = append(parts, "0: "+o.zero+".")
	}
	if o.deprecated {
		parts = append(parts, "Deprecated; "+o.why+".")
	}
	return strings.Join(parts, " ")
}

func (o Option) jsonDefault() any {
	if list, ok := o.fallback.([]string); ok {
		return items(list)
	}
	return o.fallback
}

// scalar is whatever the toolkit turns into a text.
func scalar() map[string]any {
	return map[string]any{"type": []any{"string", "number", "boolean"}}
}

func pattern(expression string) map[string]any {
	return map[string]any{"type": "string", "pattern": expression}
}

// anyOf is a regular expression for any of the texts.
func anyOf(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = regexp.QuoteMeta(text)
	}
	return strings.Join(quoted, "|")
}

func items(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// spellings are the choices, and those that are numbers also without quotes.
func spellings(choices []string) []any {
	list := items(choices)
	for _, choice := range choices {
		if number, err := strconv.ParseInt(choice, 10, 64); err == nil {
			list = append(list, number)
		}
	}
	return list
}
