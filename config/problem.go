package config

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// masked stands for the value of a secret.
const masked = "***"

// Problem is something to tell the user about one key of a configuration.
type Problem struct {
	// Key is the full key that was written.
	Key string
	// Value is what was written there, "***" if it is or may be a secret.
	Value string
	// Text says it all in one line: the key, the value and the way out. It never contains a secret.
	Text string
	// Warning is true for what works but should be changed, such as a deprecated option.
	Warning bool
}

// String returns the text, with "warning: " in front if it is one.
func (p Problem) String() string {
	if p.Warning {
		return "warning: " + p.Text
	}
	return p.Text
}

// Problems are what was found in a configuration, in the order of the keys. Nil means that all is well.
type Problems []Problem

// Errors returns those that must stop the queue from opening, nil if there are none.
func (p Problems) Errors() Problems { return p.only(false) }

// Warnings returns those that should be logged, nil if there are none.
func (p Problems) Warnings() Problems { return p.only(true) }

// Err returns nil if there are no errors (there may be warnings), else an error whose text is all of them, one a line.
func (p Problems) Err() error {
	if failures := p.Errors(); len(failures) > 0 {
		return errors.New(failures.String())
	}
	return nil
}

// String lists all problems, one a line.
func (p Problems) String() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) only(warning bool) Problems {
	var found Problems
	for _, problem := range p {
		if problem.Warning == warning {
			found = append(found, problem)
		}
	}
	return found
}

// sorted orders by key, so that the same configuration gives the same report each time.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Text, b.Text))
	})
	return p
}
