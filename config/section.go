package config

import (
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
)

// Under returns the set with its keys below a section: "host" under "connection" is "connection.host". A
// set for one section thereby serves each of connections.<name>. Checks of the set stay behind.
func (s Set) Under(section string) Set {
	var moved Set
	for _, option := range s.options {
		option.key = section + "." + option.key
		moved.options = append(moved.options, option)
	}
	return moved
}

// Strangers warns of the keys below a section that the set does not describe though something similar is:
// "connection.prot". Other keys may be meant for the client of a broker, and are left alone.
func (s Set) Strangers(section string, params *cconf.ConfigParams) Problems {
	var known []string
	for _, key := range s.Keys() {
		if name, below := strings.CutPrefix(key, section+"."); below {
			known = append(known, name)
		}
	}
	var problems Problems
	for key, value := range read(params) {
		name, below := strings.CutPrefix(key, section+".")
		if !below || s.describes(key) {
			continue
		}
		if near, ok := nearest(name, known); ok {
			problems = append(problems, Problem{
				Key: key, Value: s.veil(key, value), Warning: true,
				Text: "unknown setting " + show(key) + "; did you mean " + section + "." + near + "?",
			})
		}
	}
	return problems.sorted()
}
