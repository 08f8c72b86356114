package nats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// streamName makes a name of a stream or consumer from that of a queue: those cannot hold dots, blanks
// and a few others.
func streamName(queue string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`.*>/\`, r) {
			return '_'
		}
		return r
	}, queue)
}

// checkSubject refuses what nobody can publish to.
func checkSubject(key, subject string) error {
	wrong := ""
	switch {
	case subject == "":
		wrong = "is empty"
	case strings.ContainsAny(subject, " \t\r\n"):
		wrong = "has white space in it"
	case strings.ContainsAny(subject, "*>"):
		wrong = "has a wildcard in it"
	case strings.HasPrefix(subject, ".") || strings.HasSuffix(subject, ".") || strings.Contains(subject, ".."):
		wrong = "has an empty part between its dots"
	case strings.HasPrefix(subject, "$"):
		wrong = "begins with $, which is the server's"
	default:
		return nil
	}
	return fmt.Errorf("%w: the %s %q %s; set %s to one such as \"orders\" or \"app.orders\"",
		queues.ErrBadConfig, key, subject, wrong, subjectKey)
}

// checkStream refuses what a stream or consumer cannot be called.
func checkStream(key, name string) error {
	if name != streamName(name) || name == "" {
		return fmt.Errorf("%w: %s: %q cannot be a name on the server; leave out dots, blanks, wildcards and slashes, as in %q",
			queues.ErrBadConfig, key, name, streamName(name))
	}
	return nil
}

// covers tells whether a subject of a stream, which may have wildcards, takes in another one.
func covers(pattern, subject string) bool {
	if pattern == subject || pattern == ">" {
		return true
	}
	for pattern != "" && subject != "" {
		var p, s string
		p, pattern = firstToken(pattern)
		s, subject = firstToken(subject)
		if p == ">" {
			return true
		}
		if p != "*" && p != s || s == ">" {
			return false
		}
	}
	return pattern == "" && subject == ""
}

// coversAny tells whether one of a stream's subjects takes in another one.
func coversAny(patterns []string, subject string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return covers(pattern, subject) })
}

func firstToken(subject string) (token, rest string) {
	for i := range len(subject) {
		if subject[i] == '.' {
			return subject[:i], subject[i+1:]
		}
	}
	return subject, ""
}
