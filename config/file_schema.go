package config

import (
	"regexp"
	"strings"
)

// FileSchema returns a JSON schema (draft 2020-12) of a whole container file, ready for encoding/json: a
// list of components, or a mapping of names to components. Those that are described are checked, and
// completed in an editor that knows the schema, by the pattern of their descriptor; others, and kinds
// that are not among them, are left alone. Text with {{placeholders}} is accepted everywhere. The schema
// does not see what takes more than one component to see: see package check.
func FileSchema(components ...Component) map[string]any {
	definitions := map[string]any{}
	var branches, examples []any
	for _, component := range components {
		examples = append(examples, component.Descriptor("<name>"))
		if !component.IsDescribed() {
			continue
		}
		name := component.Type + "." + component.Kind
		definitions[name] = component.schema()
		branches = append(branches, map[string]any{
			"if": map[string]any{
				"properties": map[string]any{"descriptor": pattern(component.pattern())},
				"required":   []any{"descriptor"},
			},
			"then": map[string]any{"$ref": "#/$defs/" + name},
		})
	}
	entry := map[string]any{
		"type": "object",
		"properties": map[string]any{
			"descriptor": map[string]any{
				"anyOf": []any{pattern(`^[^:]*(:[^:]*){4}$`), pattern(placeholder), pattern(`^\s*$`), map[string]any{"type": "null"}},
				"description": "What the component is: group:type:kind:name:version. " +
					"The name tells components of one kind apart; others refer to it.",
				"examples": examples,
			},
			"type": map[string]any{"description": "Go type of a component that has no descriptor, as name,package."},
		},
		"anyOf": []any{
			map[string]any{"required": []any{"descriptor"}},
			map[string]any{"required": []any{"type"}},
		},
	}
	if branches != nil {
		entry["allOf"] = branches
	}
	definitions["component"] = entry
	reference := map[string]any{"$ref": "#/$defs/component"}
	return map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Pip.Services container file",
		"description":          "The components of a container, in the order in which they are made.",
		"type":                 []any{"array", "object"},
		"items":                reference,
		"additionalProperties": reference,
		"$defs":                definitions,
	}
}

// schema describes one component's entry.
func (c Component) schema() map[string]any {
	schema := c.Options.JSONSchema()
	delete(schema, "$schema")
	schema["type"] = "object"
	if c.Help != "" {
		schema["description"] = c.Help
	}
	properties, _ := schema["properties"].(map[string]any)
	c.Connection.placeSection(properties, SectionConnection, SectionConnections,
		"How to reach the server.", "How to reach several servers: a list, or a mapping of names to connections.")
	c.Credential.placeSection(properties, SectionCredential, SectionCredentials,
		"What to log in with.", "What to log in with: the first one that is found counts.")
	return schema
}

func (s Set) placeSection(properties map[string]any, section, sections, help, helpForSeveral string) {
	if len(s.options) == 0 {
		return
	}
	one := s.JSONSchema()
	delete(one, "$schema")
	each := s.JSONSchema()
	delete(each, "$schema")
	one["description"] = help
	properties[section] = one
	properties[sections] = map[string]any{
		"type": []any{"array", "object", "null"}, "items": each, "additionalProperties": each, "description": helpForSeveral,
	}
}

// pattern matches the descriptors of components of this kind.
func (c Component) pattern() string {
	fields := []string{c.Group, c.Type, c.Kind, "", c.Version}
	for i, field := range fields {
		fields[i] = `\s*` + regexp.QuoteMeta(field) + `\s*`
	}
	fields[3] = `[^:]*`
	return "^" + strings.Join(fields, ":") + "$"
}
