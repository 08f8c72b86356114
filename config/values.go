package config

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Values are what [Set.Parse] read: for every option of the set what was given, else its default. An option that
// was given a bad value has its default.
//
// Asking for a key that is not in the set, or with the method of another type, returns the zero value. Values are
// immutable; those that were never parsed are empty.
//
// Printing Values with package fmt shows *** in place of secrets.
type Values struct {
	entries map[string]entry
	watch   func(key string) // told every key that is read, if not nil
}

type entry struct {
	option  Option
	value   any // as Option.fallback
	set     bool
	refused bool
}

// Duration returns a Duration option.
func (v Values) Duration(key string) time.Duration {
	if v.option(key).kind != TypeDuration {
		return 0
	}
	number, _ := v.value(key).(int64)
	return time.Duration(number) * time.Millisecond
}

// Int returns an Integer or Size option. What an int can't hold on a 32-bit machine becomes the nearest it can.
func (v Values) Int(key string) int {
	return int(max(math.MinInt, min(math.MaxInt, v.Int64(key))))
}

// Int64 returns an Integer or Size option.
func (v Values) Int64(key string) int64 {
	if v.option(key).kind == TypeDuration {
		return 0
	}
	number, _ := v.value(key).(int64)
	return number
}

// Bool returns a Boolean option.
func (v Values) Bool(key string) bool {
	value, _ := v.value(key).(bool)
	return value
}

// String returns a String or Choice option, without white space around it.
func (v Values) String(key string) string {
	value, _ := v.value(key).(string)
	return value
}

// List returns a copy of a List option: its entries in the order given, each once. It is nil if there are none.
func (v Values) List(key string) []string {
	value, _ := v.value(key).([]string)
	return slices.Clone(value)
}

// IsSet says whether a value was given and accepted, as opposed to the default.
func (v Values) IsSet(key string) bool {
	return v.lookup(key).set
}

// Text returns a value of any type as it would be written in a file, *** for a secret that has a value, and
// "" for no value. It is for messages, not for reading.
func (v Values) Text(key string) string {
	written := text(v.value(key))
	if written != "" && v.option(key).secret {
		return masked
	}
	return written
}

// Format implements fmt.Formatter: keys and values in the order of the keys, without secrets.
func (v Values) Format(state fmt.State, _ rune) {
	keys := make([]string, 0, len(v.entries))
	for key := range v.entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, key := range keys {
		keys[i] = key + ":" + v.Text(key)
	}
	_, _ = io.WriteString(state, "{"+strings.Join(keys, " ")+"}")
}

func (v Values) option(key string) Option { return v.lookup(key).option }

func (v Values) value(key string) any { return v.lookup(key).value }

func (v Values) lookup(key string) entry {
	if v.watch != nil {
		v.watch(key)
	}
	return v.entries[key]
}

// text writes a value as it would be written in a file.
func text(value any) string {
	switch value := value.(type) {
	case int64:
		return strconv.FormatInt(value, 10)
	case bool:
		return strconv.FormatBool(value)
	case string:
		return value
	case []string:
		return strings.Join(value, ",")
	default:
		return ""
	}
}
