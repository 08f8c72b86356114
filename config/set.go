package config

import (
	"slices"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
)

// Set is an ordered collection of options, with checks that look at several of them. It is immutable: its
// methods return changed copies. The zero Set describes nothing.
type Set struct {
	options []Option
	checks  []func(Values) []Problem
}

// NewSet makes a set of options. Of two with the same key the later one counts.
func NewSet(options ...Option) Set {
	return Set{}.With(options...)
}

// With returns the set with more options. One whose key the set has already replaces the earlier one in its place.
func (s Set) With(options ...Option) Set {
	s.options = slices.Clone(s.options)
	for _, option := range options {
		if i := s.index(option.key); i >= 0 {
			s.options[i] = option
		} else {
			s.options = append(s.options, option)
		}
	}
	return s
}

// Without returns the set without the options that have these keys, for an adapter to which one means nothing, so that
// giving it is refused rather than ignored. A check that reads one of them has no effect any more.
func (s Set) Without(keys ...string) Set {
	s.options = slices.DeleteFunc(slices.Clone(s.options), func(option Option) bool {
		return slices.Contains(keys, option.key)
	})
	return s
}

// WithCheck returns the set with a check that looks at several options together. A check is called once for
// each Parse, after all values were read, and returns a problem for the option that should be changed; an
// empty Value is filled in. What a check finds is dropped if it read an option whose value had been refused,
// or one that the set does not have.
func (s Set) WithCheck(check func(Values) []Problem) Set {
	s.checks = append(slices.Clip(s.checks), check)
	return s
}

// Options returns a copy of the options in their order.
func (s Set) Options() []Option { return slices.Clone(s.options) }

// Keys returns the keys of the options in their order.
func (s Set) Keys() []string {
	keys := make([]string, len(s.options))
	for i, option := range s.options {
		keys[i] = option.key
	}
	return keys
}

// Lookup returns the option with this key, and whether there is one.
func (s Set) Lookup(key string) (Option, bool) {
	if i := s.index(key); i >= 0 {
		return s.options[i], true
	}
	return Option{}, false
}

// Parse reads a component's configuration. It returns a value for every option, and everything that is wrong, not only
// the first. Keys under "options." that the set does not describe are errors. Nil params are an empty configuration.
// params are only read, and not kept.
func (s Set) Parse(params *cconf.ConfigParams) (Values, Problems) {
	given := read(params)
	values, problems := s.parse(given)
	return values, append(problems, s.unknown(given)...).sorted()
}

// ParseKnown is Parse, except that keys the set does not describe are ignored. It is for queues whose authors read
// options of their own.
func (s Set) ParseKnown(params *cconf.ConfigParams) (Values, Problems) {
	values, problems := s.parse(read(params))
	return values, problems.sorted()
}

func (s Set) index(key string) int {
	return slices.IndexFunc(s.options, func(option Option) bool { return option.key == key })
}

func (s Set) parse(given settings) (Values, Problems) {
	values := Values{entries: make(map[string]entry, len(s.options))}
	var problems Problems
	for _, option := range s.options {
		parsed, found := option.parse(given)
		values.entries[option.key] = parsed
		problems = append(problems, found...)
	}
	for _, check := range s.checks {
		problems = append(problems, s.examine(values, check)...)
	}
	return values, problems
}
