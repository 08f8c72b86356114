package config

import (
	"slices"
	"strconv"
	"strings"
)

// section is the part of a component's configuration that belongs to the queue.
const section = "options"

// unknown finds the keys that no option describes: errors under "options.", warnings where an option seems to have been
// put in the wrong place and would be ignored.
func (s Set) unknown(given settings) Problems {
	var problems Problems
	for key, value := range given {
		if s.describes(key) {
			continue
		}
		value = strings.TrimSpace(value)
		text, warning, ok := "", false, false
		if name, owned := strings.CutPrefix(key, section+"."); owned {
			text, ok = s.refusal(key, name), true
		} else {
			text, ok = s.misplacement(key, value)
			warning = true
		}
		if ok {
			problems = append(problems, Problem{Key: key, Value: s.veil(key, value), Text: text, Warning: warning})
		}
	}
	return problems
}

// describes says whether an option has this key, or is a list of which the key is one entry.
func (s Set) describes(key string) bool {
	return slices.ContainsFunc(s.options, func(option Option) bool {
		if option.key == key {
			return true
		}
		_, item := positionIn(option.key, key)
		return item && option.kind == TypeList
	})
}

// refusal is the error for an unknown key below the section.
func (s Set) refusal(key, name string) string {
	for _, option := range s.options {
		if strings.HasPrefix(key, option.key+".") {
			return "unknown option " + show(key) + "; " + option.key + " takes one value, not a section or a sequence"
		}
	}
	if meant, ok := s.meant(name); ok {
		return "unknown option " + show(key) + "; did you mean " + meant + "?"
	}
	var names []string
	for _, option := range s.options {
		if name, ok := strings.CutPrefix(option.key, section+"."); ok && !option.deprecated {
			names = append(names, name)
		}
	}
	if names == nil {
		return "unknown option " + show(key) + "; there are none under " + section
	}
	return "unknown option " + show(key) + "; those known under " + section + " are " + strings.Join(names, ", ")
}

// meant finds the key of the option that a name below the section was meant for.
func (s Set) meant(name string) (string, bool) {
	// Deprecated options come last, so that they are suggested only if nothing else is as near.
	var names, keys []string
	for _, deprecated := range []bool{false, true} {
		for _, option := range s.options {
			if option.deprecated == deprecated {
				keys = append(keys, option.key)
				names = append(names, strings.TrimPrefix(option.key, section+"."))
			}
		}
	}
	if near, ok := nearest(name, names); ok {
		return keys[slices.Index(names, near)], true
	}
	// "concurrency" for listen_concurrency, "prefetch_count" for prefetch: whole words, and only one such option.
	found := ""
	for i, candidate := range names {
		if !within(name, candidate) && !within(candidate, name) {
			continue
		}
		if found != "" {
			return "", false
		}
		found = keys[i]
	}
	return found, found != ""
}

// within says whether the words of part are consecutive words of whole.
func within(part, whole string) bool {
	return part != "" && strings.Contains("_"+words(whole)+"_", "_"+words(part)+"_")
}

func words(name string) string {
	return strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToLower(name))
}

// misplacement is the warning for a key outside the section that looks like one of the options in it: without
// "options.", or with that misspelt. Both happen by a slip of indentation, and the option would be silently
// ignored.
func (s Set) misplacement(key, value string) (string, bool) {
	if key == section {
		if value == "" || value == "map[]" {
			return "", false
		}
		return section + " has a value of its own, which is ignored; options go below it, as in " + section + "." + firstName(s), true
	}
	if option, ok := s.Lookup(section + "." + key); ok {
		return show(key) + " is ignored here; did you mean " + option.key + "?", true
	}
	first, rest, dotted := strings.Cut(key, ".")
	if !dotted || distance(strings.ToLower(first), section) > 1 {
		return "", false
	}
	if meant, ok := s.meant(rest); ok {
		return show(key) + " is ignored; did you mean " + meant + "?", true
	}
	return "", false
}

func firstName(s Set) string {
	for _, option := range s.options {
		if name, ok := strings.CutPrefix(option.key, section+"."); ok {
			return name
		}
	}
	return "…"
}

// veil hides the value of a key that no option describes if it may be a secret under a misspelt name.
func (s Set) veil(key, value string) string {
	var secrets []string
	for _, option := range s.options {
		if option.secret {
			secrets = append(secrets, option.key[strings.LastIndex(option.key, ".")+1:])
		}
	}
	for name := range strings.SplitSeq(key, ".") {
		if _, near := nearest(name, secrets); near || soundsSecret(name) {
			return masked
		}
	}
	return value
}

func soundsSecret(name string) bool {
	return slices.ContainsFunc([]string{"pass", "pwd", "secret", "token", "key", "cred", "auth"}, func(word string) bool {
		return strings.Contains(strings.ToLower(name), word)
	})
}

// show is a key in an error: as it is, unless it has characters that would break the line.
func show(key string) string {
	shown := Option{}.show(key)
	if quoted := strconv.Quote(shown); quoted != `"`+shown+`"` {
		return quoted
	}
	return shown
}
