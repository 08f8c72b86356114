package config

import (
	"fmt"
	"slices"
	"strings"
)

// Lint finds mistakes in the descriptions themselves: a default outside the bounds or not among the choices,
// bounds that exclude everything, a missing help text or release. It returns one line for each, nil if there
// are none. Call it in a test of every set.
func (s Set) Lint() []string {
	var lines []string
	for _, option := range s.options {
		for _, fault := range option.lint() {
			lines = append(lines, option.key+": "+fault)
		}
		for _, other := range s.options {
			if strings.HasPrefix(other.key, option.key+".") {
				lines = append(lines, other.key+": lies inside the option "+option.key)
			}
		}
	}
	return lines
}

func (o Option) lint() []string {
	faults := slices.Clone(o.faults)
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	add(o.kind == "", "has no type")
	add(o.key == "" || strings.TrimSpace(o.key) != o.key || slices.Contains(strings.Split(o.key, "."), ""), "is not a key")
	add(o.min > o.max, "lower bound %d is above the upper bound, %d", o.min, o.max)
	add(o.kind == TypeChoice && len(o.choices) == 0, "has no choices")
	add(o.help == "" && !o.deprecated, "has no help text")
	add(o.why == "" && o.deprecated, "does not say why it is deprecated")
	add(o.since == "", "does not say since which release")
	add(o.secret && text(o.fallback) != "", "is secret and has a default, which can be read in the source")
	add(o.kind.isNumber() && o.fallback == nil && o.fallbackText == "" && !o.deprecated, "has no default")
	if number, ok := o.fallback.(int64); ok {
		add(number < o.min || number > o.max, "default %d is out of bounds", number)
	}
	for _, value := range o.defaultItems() {
		add(len(o.choices) > 0 && !slices.Contains(o.choices, value), "default %q is not among the choices", value)
		add(o.kind == TypeList && strings.Contains(value, ","), "default %q contains a comma", value)
	}
	for _, choice := range o.choices {
		add(strings.TrimSpace(choice) != choice || choice == "" || strings.Contains(choice, ","), "choice %q can't be written", choice)
	}
	return faults
}

func (o Option) defaultItems() []string {
	switch value := o.fallback.(type) {
	case string:
		return []string{value}
	case []string:
		return value
	default:
		return nil
	}
}
