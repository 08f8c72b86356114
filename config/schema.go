package config

import (
	"regexp"
	"strconv"
	"strings"
)

const (
	draft = "https://json-schema.org/draft/2020-12/schema"

	// placeholder matches text with a mustache tag, which the container fills in before a component sees it.
	placeholder = `\{\{.*\}\}`

	// leftOpen ends the pattern of what may also be a placeholder, or nothing.
	leftOpen = `|^\s*$|` + placeholder
)

// JSONSchema returns a JSON schema (draft 2020-12) of one component's entry in a container file, ready for
// encoding/json. Dots in keys become nested objects. Below "options" nothing else is allowed; beside it
// anything is, as it belongs to other components.
//
// The schema accepts what [Set.Parse] accepts, and moreover text with {{placeholders}}, since a file is
// checked before they are filled in. It does not know the bounds of numbers written in quotes, nor the checks
// of [Set.WithCheck].
func (s Set) JSONSchema() map[string]any {
	root := s.object(Option.schema)
	root["$schema"] = draft
	return root
}

// object has the schemas of the options where their keys say.
func (s Set) object(schema func(Option) map[string]any) map[string]any {
	root := object(true)
	for _, option := range s.options {
		place(root, strings.Split(option.key, "."), schema(option), true)
	}
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

// schema describes one option. Where one pattern can say what text is accepted there are no alternatives: of
// several that all fail an editor shows the wrong one.
func (o Option) schema() map[string]any {
	schema := o.form()
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

// form is how a value can be written. A bad one of a deprecated option is ignored.
func (o Option) form() map[string]any {
	kind := o.kind
	if o.deprecated && kind != TypeList {
		kind = TypeString
	}
	switch kind {
	case TypeDuration, TypeInteger, TypeSize:
		return map[string]any{
			"type": []any{"integer", "string", "null"}, "minimum": o.min, "maximum": o.max,
			"pattern": `^\s*[+-]?[0-9]+\s*$` + leftOpen, "patternErrorMessage": "must be " + o.kind.wanted(),
		}
	case TypeBoolean:
		return map[string]any{
			"type": []any{"boolean", "integer", "string", "null"}, "minimum": 0, "maximum": 1,
			"pattern":             `^\s*([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|0|1)\s*$` + leftOpen,
			"patternErrorMessage": "must be " + o.kind.wanted(),
		}
	case TypeChoice:
		return alternatives(
			map[string]any{"enum": append(spellings(o.choices), nil)},
			pattern(`^\s*(`+anyOf(o.choices)+`)\s*$`+leftOpen))
	case TypeList:
		return o.listForm()
	default:
		return scalar("null")
	}
}

func (o Option) listForm() map[string]any {
	if len(o.choices) == 0 || o.deprecated {
		form := scalar("array", "null")
		form["items"] = scalar()
		return form
	}
	entry := `\s*(` + anyOf(o.choices) + `)?\s*`
	return alternatives(
		map[string]any{"enum": append(spellings(o.choices), nil)},
		pattern(`^`+entry+`(,`+entry+`)*$`+leftOpen),
		map[string]any{"type": "array", "items": alternatives(
			map[string]any{"enum": spellings(o.choices)}, pattern(placeholder))})
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

// scalar is whatever the toolkit turns into a text, and what is of more types.
func scalar(more ...any) map[string]any {
	return map[string]any{"type": append([]any{"string", "number", "boolean"}, more...)}
}

// alternatives accepts what one of them accepts. An editor completes from the first.
func alternatives(forms ...any) map[string]any {
	return map[string]any{"anyOf": forms}
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
