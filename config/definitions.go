package config

import "reflect"

// definitions are parts of a schema. What several components have in common stands there once.
type definitions map[string]any

// share puts a schema under the first of the names that is free or stands for the same, and returns a
// reference to it; the schema itself if there is no such name.
func (d definitions) share(schema map[string]any, names ...string) map[string]any {
	for _, name := range names {
		known, taken := d[name]
		if !taken {
			d[name] = schema
		}
		if !taken || reflect.DeepEqual(known, schema) {
			return reference(name)
		}
	}
	return schema
}

func reference(name string) map[string]any {
	return map[string]any{"$ref": "#/$defs/" + name}
}
