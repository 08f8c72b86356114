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
	entry := map[string]any{
		"type": "object",
		"anyOf": []any{
			map[string]any{"required": []any{"descriptor"}},
			map[string]any{"required": []any{"type"}},
		},
	}
	shared := definitions{"component": entry}
	branches, examples := []any{}, []any{}
	for _, component := range components {
		examples = append(examples, component.Descriptor("<name>"))
		if !component.IsDescribed() {
			continue
		}
		branches = append(branches, map[string]any{
			"if": map[string]any{
				"type":       "object",
				"properties": map[string]any{"descriptor": pattern(component.pattern())},
				"required":   []any{"descriptor"},
			},
			"then": component.share(shared),
		})
	}
	if len(branches) > 0 { // allOf must have some
		entry["allOf"] = branches
	}
	entry["properties"] = map[string]any{
		"descriptor": map[string]any{
			"type": []any{"string", "null"}, "pattern": `^[^:]*(:[^:]*){4}$` + leftOpen,
			"patternErrorMessage": "must be group:type:kind:name:version",
			"description": "What the component is: group:type:kind:name:version. " +
				"The name tells components of one kind apart; others refer to it.",
			"examples": examples,
		},
		"type": map[string]any{"description": "Go type of a component that has no descriptor, as name,package."},
	}
	each := reference("component")
	return map[string]any{
		"$schema":              draft,
		"title":                "Pip.Services container file",
		"description":          "The components of a container, in the order in which they are made.",
		"type":                 []any{"array", "object"},
		"items":                each,
		"additionalProperties": each,
		"$defs":                map[string]any(shared),
	}
}

// share describes one component's entry among the definitions.
func (c Component) share(shared definitions) map[string]any {
	schema := c.shareSet(shared, c.Options, "")
	schema["type"] = "object"
	if c.Help != "" {
		schema["description"] = c.Help
	}
	properties := schema["properties"].(map[string]any)
	if options, ok := properties[section].(map[string]any); ok {
		properties[section] = shared.share(options, c.names(section)...)
	}
	c.shareSection(shared, properties, c.Connection, SectionConnection, SectionConnections,
		"How to reach the server.", "How to reach several servers: a list, or a mapping of names to connections.")
	c.shareSection(shared, properties, c.Credential, SectionCredential, SectionCredentials,
		"What to log in with.", "What to log in with: the first one that is found counts.")
	return shared.share(schema, c.Type+"."+c.Kind, c.String())
}

// shareSection describes a section, and the one with several such.
func (c Component) shareSection(shared definitions, properties map[string]any, set Set, section, sections, help, helpForSeveral string) {
	if len(set.options) == 0 {
		return
	}
	one := c.shareSet(shared, set, section+".")
	one["description"] = help
	each := shared.share(one, c.names(section)...)
	properties[section] = each
	properties[sections] = map[string]any{
		"type": []any{"array", "object", "null"}, "items": each, "additionalProperties": each, "description": helpForSeveral,
	}
}

// shareSet is an object with references to the options of a set.
func (c Component) shareSet(shared definitions, set Set, above string) map[string]any {
	return set.object(func(option Option) map[string]any {
		return shared.share(option.schema(), c.names(above+option.key)...)
	})
}

// names are those that a part of this component's entry may have among the definitions.
func (c Component) names(part string) []string {
	return []string{part, c.Kind + "." + part, c.Type + "." + c.Kind + "." + part}
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
