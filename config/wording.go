package config

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// show is a value in an error, cut short, or *** for a secret.
func (o Option) show(raw string) string {
	const most = 60
	if o.secret {
		return masked
	}
	if utf8.RuneCountInString(raw) > most {
		return string([]rune(raw)[:most]) + "…"
	}
	return raw
}

// quote is show with quotes, so that white space and line ends in a value can be seen.
func (o Option) quote(raw string) string {
	return strconv.Quote(o.show(raw))
}

// amount is a number with what it stands for: "0 (no limit)", "31536000000 (365 days)".
func (o Option) amount(number int64) string {
	written := strconv.FormatInt(number, 10)
	switch {
	case number == 0 && o.zero != "":
		return written + " (" + o.zero + ")"
	case o.kind == TypeDuration && number >= 1000:
		return written + " (" + spoken(time.Duration(number)*time.Millisecond) + ")"
	default:
		return written
	}
}

// spoken is a duration without needless zeros: "30s", "1m", "365 days".
func spoken(duration time.Duration) string {
	const day = 24 * time.Hour
	if duration > day && duration%day == 0 {
		return strconv.FormatInt(int64(duration/day), 10) + " days"
	}
	written := duration.String()
	for _, zero := range []string{"0s", "0m"} {
		if shorter, ok := strings.CutSuffix(written, zero); ok && !endsInDigit(shorter) {
			written = shorter
		}
	}
	return written
}

func endsInDigit(text string) bool {
	return text == "" || text[len(text)-1] >= '0' && text[len(text)-1] <= '9'
}

// advice completes an error about a value of the wrong type with what to write instead.
func (o Option) advice(raw string) string {
	switch {
	case strings.Contains(raw, "${"):
		return "; container files expand {{NAME}}, not ${NAME}"
	case !o.kind.isNumber():
		return ""
	}
	if meant, ok := o.guess(raw); ok && !o.secret && meant >= o.min && meant <= o.max {
		return "; write " + strconv.FormatInt(meant, 10)
	}
	return "; write digits only"
}

// guess finds the number that someone meant who wrote "30s", "64 KiB" or "10.0".
func (o Option) guess(raw string) (int64, bool) {
	compact := strings.ToLower(strings.ReplaceAll(raw, " ", ""))
	switch o.kind {
	case TypeDuration:
		if duration, err := time.ParseDuration(compact); err == nil {
			return duration.Milliseconds(), duration%time.Millisecond == 0
		}
	case TypeSize:
		digits := strings.TrimRight(compact, "bgikm")
		if factor := factorOf(compact[len(digits):]); factor > 0 {
			return whole(digits, factor)
		}
	}
	return whole(compact, 1)
}

// factorOf is the number of bytes in a unit, 0 for one it does not know.
func factorOf(unit string) float64 {
	switch unit {
	case "b":
		return 1
	case "k", "kb":
		return 1e3
	case "m", "mb":
		return 1e6
	case "g", "gb":
		return 1e9
	case "ki", "kib":
		return 1 << 10
	case "mi", "mib":
		return 1 << 20
	case "gi", "gib":
		return 1 << 30
	default:
		return 0
	}
}

func whole(digits string, factor float64) (int64, bool) {
	const exact = 1 << 53
	number, err := strconv.ParseFloat(digits, 64)
	number *= factor
	return int64(number), err == nil && math.Abs(number) < exact && number == math.Trunc(number)
}
