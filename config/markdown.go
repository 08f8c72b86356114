package config

import (
	"math"
	"strings"
)

// Markdown returns the reference of the set: a table of its options in their order, and another of the
// deprecated ones if there are any. It has no headings, so that it fits under any, and ends in a line end.
func (s Set) Markdown() string {
	var current, deprecated []string
	for _, option := range s.options {
		if why, gone := option.Deprecation(); gone {
			deprecated = append(deprecated, row(code(option.key), describe(option), option.since, why))
		} else {
			current = append(current, row(code(option.key), describe(option), fallback(option), allowed(option), option.since, meaning(option)))
		}
	}
	var page strings.Builder
	if current != nil {
		page.WriteString("| key | type | default | allowed | since | meaning |\n|---|---|---|---|---|---|\n")
		page.WriteString(strings.Join(current, ""))
	}
	if deprecated != nil {
		if current != nil {
			page.WriteString("\n")
		}
		page.WriteString("Deprecated: accepted with a warning, so that existing files go on working.\n\n")
		page.WriteString("| key | type | since | why |\n|---|---|---|---|\n")
		page.WriteString(strings.Join(deprecated, ""))
	}
	return page.String()
}

// describe is the type with its unit: "duration, ms".
func describe(o Option) string {
	if unit := o.Unit(); unit != "" {
		return string(o.kind) + ", " + unit
	}
	return string(o.kind)
}

// fallback is the default: a value as code, a computed one in words.
func fallback(o Option) string {
	switch shown := o.DefaultString(); {
	case shown == "":
		return ""
	case o.fallbackText != "":
		return strings.ReplaceAll(shown, "<", `\<`)
	case shown == "0" && o.zero != "":
		return code(shown) + " (" + o.zero + ")"
	default:
		return code(shown)
	}
}

// allowed is the bounds or the choices, "" if there are none.
func allowed(o Option) string {
	if len(o.choices) > 0 {
		shown := make([]string, len(o.choices))
		for i, choice := range o.choices {
			shown[i] = code(choice)
		}
		return strings.Join(shown, ", ")
	}
	least, most, number := o.Bounds()
	switch {
	case !number || least == math.MinInt64 && most == math.MaxInt64:
		return ""
	case most == math.MaxInt64:
		return o.amount(least) + " or more"
	case least == math.MinInt64:
		return o.amount(most) + " or less"
	default:
		return o.amount(least) + " to " + o.amount(most)
	}
}

func meaning(o Option) string {
	if o.secret {
		return strings.TrimSpace(o.help + " Secret: never shown in errors or logs.")
	}
	return o.help
}

func code(text string) string { return "`" + text + "`" }

// row is a line of a table; bars and line ends inside the cells would break it.
func row(cells ...string) string {
	clean := strings.NewReplacer("|", `\|`, "\r\n", " ", "\n", " ")
	line := "|"
	for _, cell := range cells {
		line += " " + clean.Replace(cell) + " |"
	}
	return line + "\n"
}
