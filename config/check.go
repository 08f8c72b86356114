package config

import "strings"

// examine calls a check, and makes what it says fit to be shown.
func (s Set) examine(values Values, check func(Values) []Problem) Problems {
	blind := false
	found := check(Values{entries: values.entries, watch: func(key string) {
		seen, known := values.entries[key]
		blind = blind || seen.refused || !known
	}})
	if blind {
		return nil
	}
	problems := make(Problems, len(found))
	for i, problem := range found {
		if problem.Value == "" || values.option(problem.Key).secret {
			problem.Value = values.Text(problem.Key)
		}
		problem.Value = s.redact(problem.Value, values)
		problem.Text = s.redact(problem.Text, values)
		problems[i] = problem
	}
	return problems
}

// redact removes every secret from a text whose author may not have thought of them.
func (s Set) redact(written string, values Values) string {
	for _, option := range s.options {
		if secret := text(values.value(option.key)); option.secret && secret != "" {
			written = strings.ReplaceAll(written, secret, masked)
		}
	}
	return written
}
