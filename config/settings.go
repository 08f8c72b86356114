package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
)

// settings are the keys and values of a component as the toolkit's readers flatten them.
type settings map[string]string

func read(params *cconf.ConfigParams) settings {
	if params == nil || params.StringValueMap == nil {
		return nil
	}
	return params.Value()
}

// single returns the value of a key without white space around it, "" for none.
func (s settings) single(key string) string {
	value := strings.TrimSpace(s[key])
	if value == "map[]" { // how the toolkit renders an empty mapping
		return ""
	}
	return value
}

// sequence returns the values of key.0, key.1, …, which is what a YAML or JSON sequence is flattened to.
func (s settings) sequence(key string) []string {
	type item struct {
		position uint64
		value    string
	}
	var items []item
	for name, value := range s {
		if position, ok := positionIn(key, name); ok {
			items = append(items, item{position, value})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.value, b.value))
	})
	values := make([]string, len(items))
	for i, item := range items {
		values[i] = item.value
	}
	return values
}

// positionIn says whether name is key followed by a dot and a position.
func positionIn(key, name string) (uint64, bool) {
	rest, ok := strings.CutPrefix(name, key+".")
	if !ok {
		return 0, false
	}
	position, err := strconv.ParseUint(rest, 10, 64)
	return position, err == nil
}
