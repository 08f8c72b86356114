package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pip-services3-gox/pip-services3-commons-gox/convert"
)

// parse reads the option from the settings. What it refuses is reported, and the default holds.
func (o Option) parse(given settings) (entry, Problems) {
	parsed := entry{option: o, value: o.fallback}
	raw, err := o.raw(given)
	if raw == "" && err == nil {
		return parsed, nil
	}
	var problems Problems
	if o.deprecated {
		problems = append(problems, o.problem(raw, true, o.key+" is deprecated; "+o.why))
	}
	value := any(nil)
	if err == nil {
		value, err = o.convert(raw)
	}
	if err == nil {
		parsed.value, parsed.set = value, true
		return parsed, problems
	}
	parsed.refused = true
	for line := range strings.SplitSeq(err.Error(), "\n") { // a list may have several bad entries
		problems = append(problems, o.problem(raw, o.deprecated, o.key+": "+line))
	}
	return parsed, problems
}

// raw finds what was written for the option, "" for nothing.
func (o Option) raw(given settings) (string, error) {
	single := given.single(o.key)
	if o.kind != TypeList {
		return single, nil
	}
	sequence := given.sequence(o.key)
	if single != "" && len(sequence) > 0 {
		return single, errors.New("is given both as text and as a sequence; keep one of them")
	}
	return strings.Trim(cmp.Or(single, strings.Join(sequence, ",")), ", \t\r\n"), nil
}

func (o Option) problem(raw string, warning bool, text string) Problem {
	if o.secret {
		raw = masked
	}
	return Problem{Key: o.key, Value: raw, Text: text, Warning: warning}
}

// convert turns text that is not empty into a value. Its error is the problem's text without the key.
func (o Option) convert(raw string) (any, error) {
	switch {
	case o.kind.isNumber():
		return o.toNumber(raw)
	case o.kind == TypeBoolean:
		return o.toBoolean(raw)
	case o.kind == TypeList:
		return o.toList(raw)
	case o.kind == TypeChoice:
		return raw, o.mustBeChoice(raw)
	default:
		return raw, nil
	}
}

func (o Option) toNumber(raw string) (any, error) {
	number, err := strconv.ParseInt(raw, 10, 64)
	overflow := errors.Is(err, strconv.ErrRange) // then number is the nearest int64
	switch {
	case err != nil && !overflow:
		return nil, fmt.Errorf("%s is not %s%s", o.quote(raw), o.kind.wanted(), o.advice(raw))
	case number > o.max || overflow && number > 0:
		return nil, fmt.Errorf("%s is above the most allowed, %s", o.show(raw), o.amount(o.max))
	case number < o.min || overflow:
		return nil, fmt.Errorf("%s is below the least allowed, %s", o.show(raw), o.amount(o.min))
	}
	return number, nil
}

func (o Option) toBoolean(raw string) (any, error) {
	value, ok := convert.BooleanConverter.ToNullableBoolean(raw)
	if !ok {
		return nil, fmt.Errorf("%s is not %s%s", o.quote(raw), o.kind.wanted(), o.advice(raw))
	}
	return value, nil
}

func (o Option) toList(raw string) (any, error) {
	var items []string
	var unknown []error
	for item := range strings.SplitSeq(raw, ",") {
		item = strings.TrimSpace(item)
		if item == "" || slices.Contains(items, item) {
			continue
		}
		items = append(items, item)
		unknown = append(unknown, o.mustBeChoice(item))
	}
	return items, errors.Join(unknown...)
}

func (o Option) mustBeChoice(value string) error {
	if len(o.choices) == 0 || slices.Contains(o.choices, value) {
		return nil
	}
	wayOut := "choose from " + strings.Join(o.choices, ", ")
	if near, ok := nearest(value, o.choices); ok && !o.secret {
		wayOut = "did you mean " + near + "?"
	}
	return fmt.Errorf("unknown %s %s; %s", cmp.Or(o.noun, "value"), o.quote(value), wayOut)
}
