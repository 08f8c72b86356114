package config

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// longest is the most that a duration may be unless the option says otherwise. Sums and doublings of such
// durations stay far from overflow.
const longest = 365 * 24 * time.Hour

// Option describes one setting. Make it with one of the constructors ([Duration], [Integer], [Size],
// [Boolean], [String], [Choice], [List]) and complete it with its methods, each of which returns a changed copy and
// leaves the receiver as it was.
//
// A method given something it can't use (a default of the wrong type, say) ignores it and remembers the fault
// for [Set.Lint].
type Option struct {
	key  string
	kind Type

	// Numbers are kept as they are written in a file: milliseconds, bytes or a plain count.
	fallback     any // nil, int64, bool, string or []string
	fallbackText string
	min, max     int64
	zero         string
	choices      []string
	noun         string

	help       string
	since      string
	secret     bool
	deprecated bool
	why        string

	faults []string
}

// Duration describes a time. It is written as whole milliseconds, and read with [Values.Duration].
// Unless bounds are given it lies between 0 and 365 days.
func Duration(key string) Option {
	return Option{key: key, kind: TypeDuration, max: longest.Milliseconds()}
}

// Integer describes a whole number, read with [Values.Int] or [Values.Int64]. Unless bounds are given,
// anything that an int64 holds is accepted.
func Integer(key string) Option {
	return Option{key: key, kind: TypeInteger, min: math.MinInt64, max: math.MaxInt64}
}

// Size describes a number of bytes, read with [Values.Int] or [Values.Int64]. Unless bounds are given it is 0 or more.
func Size(key string) Option {
	return Option{key: key, kind: TypeSize, max: math.MaxInt64}
}

// Boolean describes a switch, read with [Values.Bool].
func Boolean(key string) Option {
	return Option{key: key, kind: TypeBoolean}
}

// String describes a text, read with [Values.String].
func String(key string) Option {
	return Option{key: key, kind: TypeString}
}

// Choice describes a text that must be one of choices, spelled exactly so. It is read with [Values.String].
func Choice(key string, choices ...string) Option {
	return Option{key: key, kind: TypeChoice, choices: slices.Clone(choices)}
}

// List describes a list of texts, written with commas in between or as a sequence, and read with [Values.List].
// If there are choices, every entry must be one of them. Entries can't contain commas.
func List(key string, choices ...string) Option {
	return Option{key: key, kind: TypeList, choices: slices.Clone(choices)}
}

// Default sets the value that holds when none is given: a time.Duration of whole milliseconds for Duration,
// int or int64 for Integer and Size, bool for Boolean, string for String and Choice, []string for List.
func (o Option) Default(value any) Option {
	switch value := value.(type) {
	case bool:
		if o.kind == TypeBoolean {
			o.fallback = value
			return o
		}
	case string:
		if o.kind == TypeString || o.kind == TypeChoice {
			o.fallback = value
			return o
		}
	case []string:
		if o.kind == TypeList {
			o.fallback = slices.Clone(value)
			return o
		}
	default:
		if number, ok := o.number(value); ok {
			o.fallback = number
			return o
		}
	}
	return o.fault("default %v (%T) does not fit the type %s", value, value, o.kind)
}

// DefaultText sets what the reference shows as the default, for one that is only known when the queue runs:
// "chosen by the adapter", "<name>.dead".
func (o Option) DefaultText(text string) Option {
	o.fallbackText = text
	return o
}

// Between sets the least and the most that are accepted, both included. Their type is that of [Option.Default].
func (o Option) Between(least, most any) Option {
	return o.AtLeast(least).atMost(most)
}

// AtLeast sets the least that is accepted. Its type is that of [Option.Default].
func (o Option) AtLeast(least any) Option {
	number, ok := o.number(least)
	if !ok {
		return o.fault("lower bound %v (%T) does not fit the type %s", least, least, o.kind)
	}
	o.min = number
	return o
}

func (o Option) atMost(most any) Option {
	number, ok := o.number(most)
	if !ok {
		return o.fault("upper bound %v (%T) does not fit the type %s", most, most, o.kind)
	}
	o.max = number
	return o
}

// ZeroMeans names what the value 0 stands for, such as "no limit". The reference and errors about bounds show it.
func (o Option) ZeroMeans(text string) Option {
	o.zero = text
	return o
}

// Noun sets what errors call one value of a Choice or one entry of a List, such as "capability". It is
// "value" otherwise.
func (o Option) Noun(noun string) Option {
	o.noun = noun
	return o
}

// Help sets the explanation: what the option does, then what goes wrong if it is too small or too large. It may
// contain Markdown of one paragraph.
func (o Option) Help(text string) Option {
	o.help = text
	return o
}

// Secret keeps the option's value out of problems, the reference and printed [Values].
func (o Option) Secret() Option {
	o.secret = true
	return o
}

// Since names the release in which the option appeared, such as "1.1".
func (o Option) Since(version string) Option {
	o.since = version
	return o
}

// Deprecated marks an option that is accepted so that existing files go on working. Giving it is a warning that
// says why, and so is giving it a bad value, which then is ignored.
func (o Option) Deprecated(why string) Option {
	o.deprecated = true
	o.why = why
	return o
}

// Key returns the full key, such as "options.lock_timeout".
func (o Option) Key() string { return o.key }

// Type returns what values the option takes.
func (o Option) Type() Type { return o.kind }

// Unit returns the unit the value is written in: "ms", "bytes" or "".
func (o Option) Unit() string { return o.kind.Unit() }

// HelpText returns the explanation.
func (o Option) HelpText() string { return o.help }

// IsSecret says whether the value must not be shown.
func (o Option) IsSecret() bool { return o.secret }

// Introduced returns the release in which the option appeared, "" if unknown.
func (o Option) Introduced() string { return o.since }

// Deprecation returns why the option is deprecated, and whether it is.
func (o Option) Deprecation() (why string, deprecated bool) { return o.why, o.deprecated }

// Choices returns a copy of the texts that are accepted, in the order of the description; nil if any text is.
func (o Option) Choices() []string { return slices.Clone(o.choices) }

// Bounds returns the least and the most that are accepted, in the unit of the file. ok is false if the option
// is not a number.
func (o Option) Bounds() (least, most int64, ok bool) {
	if !o.kind.isNumber() {
		return 0, 0, false
	}
	return o.min, o.max, true
}

// DefaultValue returns the default with its type in Go: time.Duration, int64, bool, string or []string.
// ok is false if there is none.
func (o Option) DefaultValue() (value any, ok bool) {
	switch value := o.fallback.(type) {
	case nil:
		return nil, false
	case int64:
		if o.kind == TypeDuration {
			return time.Duration(value) * time.Millisecond, true
		}
		return value, true
	case []string:
		return slices.Clone(value), true
	default:
		return value, true
	}
}

// DefaultString returns the default as the reference shows it: what [Option.DefaultText] set, else the value as it
// would be written in a file. It is "" if there is none, or if the option is secret.
func (o Option) DefaultString() string {
	switch {
	case o.secret:
		return ""
	case o.fallbackText != "":
		return o.fallbackText
	default:
		return text(o.fallback)
	}
}

// number converts a number of the description to the unit of the file.
func (o Option) number(value any) (int64, bool) {
	switch value := value.(type) {
	case time.Duration:
		return value.Milliseconds(), o.kind == TypeDuration && value%time.Millisecond == 0
	case int:
		return int64(value), o.kind == TypeInteger || o.kind == TypeSize
	case int64:
		return value, o.kind == TypeInteger || o.kind == TypeSize
	default:
		return 0, false
	}
}

func (o Option) fault(format string, args ...any) Option {
	// Clip, so that two copies of an option never append to the same array.
	o.faults = append(slices.Clip(o.faults), fmt.Sprintf(format, args...))
	return o
}
