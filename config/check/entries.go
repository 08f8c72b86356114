package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	creflect "github.com/pip-services3-gox/pip-services3-commons-gox/reflect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// entry is one component of the file.
type entry struct {
	name       string // in the container's configuration: the index in the list, or the key
	start      int    // offset in the expanded text
	written    int    // its position in the file
	made       int    // its position in the order of creation
	params     *cconf.ConfigParams
	spots      map[string]spot
	descriptor *cref.Descriptor  // nil for one with a type, or a bad descriptor
	component  *config.Component // nil for a foreign one
}

// spot is where a key and its value stand.
type spot struct{ key, value *node }

// loadEntries takes the configuration apart as the container does.
func (c *checker) loadEntries(tree *node, value any, flatten func() *cconf.ConfigParams) {
	switch tree.shape {
	case scalar:
		c.add(c.at(tree.start), Error, CodeNoComponents, "holds a text and not a list of components; begin each with - descriptor:")
		return
	case empty:
		c.add(c.at(tree.start), Error, CodeNoComponents, "holds no components: the container would start empty")
		return
	}
	if len(tree.values) == 0 {
		c.add(c.at(tree.start), Error, CodeNoComponents, "holds no components: the container would start empty")
		return
	}
	c.checkKeys(tree)
	spots := map[string]map[string]spot{}
	starts, positions := map[string]int{}, map[string]int{}
	c.eachItem(tree, c.isYAML(), func(i int, name string, key, item *node) {
		all := map[string]spot{}
		c.locate(all, "", key, item)
		delete(all, "")
		if _, twice := spots[name]; !twice {
			positions[name], starts[name] = i, key.start
		}
		spots[name] = all
	})
	for name, params := range sections(flatten().Value()) {
		c.entries = append(c.entries, &entry{
			name: name, start: starts[name], written: positions[name], spots: spots[name],
			params: cconf.NewConfigParams(params),
		})
	}
	slices.SortFunc(c.entries, func(a, b *entry) int { return cmp.Compare(a.name, b.name) })
	c.byType = map[string][]*entry{}
	for i, entry := range c.entries {
		entry.made = i
		c.identify(entry)
		if entry.descriptor != nil {
			c.byType[entry.descriptor.Type()] = append(c.byType[entry.descriptor.Type()], entry)
		}
	}
}

// sections groups a flat configuration by what is before the first dot.
func sections(flat map[string]string) map[string]map[string]string {
	result := map[string]map[string]string{}
	for key, value := range flat {
		section, rest, nested := strings.Cut(key, ".")
		if section == "" {
			section, nested = key, false
		}
		if result[section] == nil {
			result[section] = map[string]string{}
		}
		if nested {
			result[section][rest] = value
		}
	}
	return result
}

// eachItem calls do with each item of a mapping or list and the name that it has for the container. padded
// says whether the indices of a list are: those of YAML are, those of a list that is a whole JSON file are not.
func (c *checker) eachItem(of *node, padded bool, do func(i int, name string, key, item *node)) {
	width := 1
	if padded {
		width = len(strconv.Itoa(len(of.values)))
	}
	for i, item := range of.values {
		if of.shape == list {
			do(i, fmt.Sprintf("%0*d", width, i), item, item)
		} else {
			do(i, of.keys[i].name, of.keys[i], item)
		}
	}
}

// locate notes where each key below a path stands.
func (c *checker) locate(spots map[string]spot, path string, key, value *node) {
	if before, twice := spots[path]; twice && before.key.name != key.name && before.value.shape != mapping && value.shape != mapping {
		c.add(c.at(key.start), Error, CodeDuplicateKey, fmt.Sprintf(
			"%s is given twice, with dots and as a section in line %d; which one counts is chance, remove one", path, c.at(before.key.start).line))
	}
	spots[path] = spot{key: key, value: value}
	c.eachItem(value, true, func(_ int, name string, key, item *node) {
		if path != "" {
			name = path + "." + name
		}
		c.locate(spots, name, key, item)
	})
}

// checkKeys finds keys that are given twice in one mapping, and those that YAML takes for something else.
func (c *checker) checkKeys(of *node) {
	first := map[string]*node{}
	for _, key := range of.keys {
		if before, twice := first[key.name]; twice && key.start != before.start {
			c.add(c.at(key.start), Error, CodeDuplicateKey, fmt.Sprintf(
				"key %s is given twice, first in line %d; only this one counts, remove one", showKey(key.name), c.at(before.start).line))
		}
		first[key.name] = key
		if written := c.written(key); key.name != written && (key.name == "true" || key.name == "false") && isWord(written) {
			c.add(c.at(key.start), Error, CodeMisreadKey, fmt.Sprintf("key %s is read as %s; put it in quotes", written, key.name))
		}
	}
	for _, value := range of.values {
		c.checkKeys(value)
	}
}

// written is a key as it stands in the file.
func (c *checker) written(key *node) string {
	return c.expanded.text[key.start:max(key.start, min(key.end, len(c.expanded.text)))]
}

func isWord(text string) bool {
	return slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(text))
}

// identify reads the descriptor or type of an entry, and finds its description.
func (c *checker) identify(e *entry) {
	text := e.params.GetAsString("descriptor")
	descriptor, err := cref.ParseDescriptorFromString(text)
	if err != nil {
		c.addTo(e, e.valueOf("descriptor"), Error, CodeBadDescriptor, "descriptor",
			"the descriptor must be group:type:kind:name:version, as in pip-services:message-queue:memory:orders:1.0; the container refuses the whole file")
		return
	}
	kind := e.params.GetAsString("type")
	if _, err := creflect.ParseTypeDescriptorFromString(kind); err != nil {
		c.addTo(e, e.valueOf("type"), Error, CodeBadDescriptor, "type", "the type must be name,package; the container refuses the whole file")
		return
	}
	if descriptor == nil && kind == "" {
		c.badEntry(e)
		return
	}
	e.descriptor = descriptor
	if descriptor != nil && kind == "" {
		e.component = c.describedBy(descriptor)
	}
}

func (c *checker) badEntry(e *entry) {
	text := "the entry has neither a descriptor nor a type"
	if len(e.spots) == 0 {
		text = "the entry is not a component: it must be a mapping that begins with descriptor:"
	} else {
		for key := range e.spots {
			if near, ok := config.Nearest(key, []string{"descriptor"}); ok {
				text += fmt.Sprintf("; did you mean %s by %s?", near, showKey(key))
			}
			if _, below, nested := strings.Cut(key, "."); nested && strings.HasSuffix(below, "descriptor") {
				text = "the entry holds a list or mapping of components where a component belongs; move them to the top of the file"
				break
			}
		}
	}
	c.addTo(e, e.start, Error, CodeBadEntry, "", text+"; the container refuses the whole file")
}

// addTo notes a problem of an entry at an offset in the expanded text.
func (c *checker) addTo(e *entry, offset int, severity Severity, code Code, key, text string) {
	c.add(c.at(offset), severity, code, text)
	last := &c.problems[len(c.problems)-1]
	last.Component, last.Key = e.String(), key
}

// String is the descriptor as it is written.
func (e *entry) String() string {
	if e.descriptor == nil {
		return ""
	}
	return e.descriptor.String()
}

// keyOf returns the offset of a key; that of the section it is in, or of the entry, if it is not there.
func (e *entry) keyOf(key string) int {
	for {
		if found, ok := e.spots[key]; ok {
			return found.key.start
		}
		end := strings.LastIndex(key, ".")
		if end < 0 {
			return e.start
		}
		key = key[:end]
	}
}

// valueOf is keyOf for the value.
func (e *entry) valueOf(key string) int {
	if found, ok := e.spots[key]; ok && found.value.shape != mapping {
		return found.value.start
	}
	return e.keyOf(key)
}

// has tells whether a key has a value.
func (e *entry) has(key string) bool { return strings.TrimSpace(e.params.GetAsString(key)) != "" }

// below lists the names directly below a section, sorted.
func (e *entry) below(section string) []string {
	var names []string
	for key := range e.params.Value() {
		if rest, ok := strings.CutPrefix(key, section+"."); ok {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// showKey is a key in a message: cut short, and in quotes if there are characters that would break the line.
func showKey(key string) string {
	const most = 60
	if runes := []rune(key); len(runes) > most {
		key = string(runes[:most]) + "…"
	}
	if quoted := strconv.Quote(key); quoted != `"`+key+`"` || key == "" || strings.Contains(key, " ") {
		return quoted
	}
	return key
}
