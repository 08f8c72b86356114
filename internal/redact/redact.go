// Package redact takes secrets out of texts before people see them.
package redact

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask stands for a secret.
const Mask = "***"

// Secrets are values that must not be shown. The zero value knows none; Text then still masks what
// shows itself to be a secret, the password in a URI.
type Secrets struct {
	values []string // with their escaped forms, the longest first
}

// New makes Secrets of values; empty ones do not count.
func New(values ...string) Secrets {
	var all []string
	for _, value := range values {
		for _, line := range append(strings.Split(value, "\n"), value) { // a text cut into lines still has each of them
			line = strings.TrimSpace(line)
			quoted := strconv.Quote(line)
			all = append(all, line, url.QueryEscape(line), url.PathEscape(line), url.UserPassword("", line).String()[1:], quoted[1:len(quoted)-1])
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	all = slices.Compact(all)
	return Secrets{values: slices.DeleteFunc(all, func(value string) bool { return value == "" })}
}

// Text returns text with *** in place of every secret.
func (s Secrets) Text(text string) string {
	text = URIs(text)
	for _, value := range s.values {
		text = replace(text, value)
	}
	return text
}

// Has tells whether text contains a secret.
func (s Secrets) Has(text string) bool { return s.Text(text) != text }

// Error returns err with a text without secrets. errors.Is and errors.As see through it.
func (s Secrets) Error(err error) error {
	if err == nil {
		return nil
	}
	if text := s.Text(err.Error()); text != err.Error() {
		return &redacted{text: text, err: err}
	}
	return err
}

type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }

// Is and As stand in for Unwrap, so that whoever walks the chain to show all of it does not come upon the secret.

func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redacted) As(target any) bool   { return errors.As(e.err, target) }

// short is the length from which on a secret is replaced wherever it stands. A shorter one only counts
// as a whole word: a password "a" must not make "***cc***ss" of access.
const short = 4

func replace(text, secret string) string {
	if len(secret) >= short {
		return strings.ReplaceAll(text, secret, Mask)
	}
	var result strings.Builder
	for {
		at := strings.Index(text, secret)
		if at < 0 {
			result.WriteString(text)
			return result.String()
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(secret):])
		result.WriteString(text[:at])
		if isWord(before) || isWord(after) {
			result.WriteString(secret)
		} else {
			result.WriteString(Mask)
		}
		text = text[at+len(secret):]
	}
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

var (
	scheme    = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://`)
	parameter = regexp.MustCompile(`([?&;])([^=&;?\s]+)=([^&;\s"']*)`)
)

// URIs returns text with *** in place of the passwords in its URIs: those before the @, and parameters
// whose names say that they are secret. A user without a password is masked too, since some brokers
// take a token there. In doubt it hides more.
func URIs(text string) string {
	starts := scheme.FindAllStringIndex(text, -1)
	if starts == nil {
		return text
	}
	var result strings.Builder
	result.WriteString(text[:starts[0][0]])
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		result.WriteString(text[start[0]:start[1]])
		result.WriteString(authority(text[start[1]:end]))
	}
	return result.String()
}

// authority masks in what follows "scheme://".
func authority(rest string) string {
	uri, tail := rest, ""
	if at := strings.IndexFunc(rest, unicode.IsSpace); at >= 0 {
		uri, tail = rest[:at], rest[at:]
	}
	if at := strings.LastIndex(uri, "@"); at >= 0 {
		user, _, hasPassword := strings.Cut(uri[:at], ":")
		if hasPassword {
			uri = user + ":" + Mask + uri[at:]
		} else {
			uri = Mask + uri[at:]
		}
	}
	uri = parameter.ReplaceAllStringFunc(uri, func(found string) string {
		parts := parameter.FindStringSubmatch(found)
		if parts[3] == "" || !SoundsSecret(parts[2]) {
			return found
		}
		return parts[1] + parts[2] + "=" + Mask
	})
	return uri + tail
}

// notSecret are names that sound secret and are not.
var notSecret = []string{"store_key", "discovery_key", "routing_key", "key_prefix", "auth_mechanism", "auth_type", "tls.key"}

// SoundsSecret tells whether a key or parameter of that name holds a secret, going by the name.
func SoundsSecret(name string) bool {
	name = strings.ToLower(name)
	if slices.ContainsFunc(notSecret, func(known string) bool { return name == known || strings.HasSuffix(name, "."+known) }) {
		return false
	}
	last := name[strings.LastIndex(name, ".")+1:]
	return slices.ContainsFunc([]string{"pass", "pwd", "secret", "token", "key", "cred", "auth"}, func(word string) bool {
		return strings.Contains(last, word)
	})
}

// Password returns the secret part of the user information in a URI, both as written and decoded; nil if there is none.
func Password(uri string) []string {
	var found []string
	starts := scheme.FindAllStringIndex(uri, -1)
	for i, start := range starts {
		end := len(uri)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		rest := uri[start[1]:end]
		at := strings.LastIndex(rest, "@")
		if at < 0 {
			continue
		}
		user, password, hasPassword := strings.Cut(rest[:at], ":")
		if !hasPassword {
			password = user
		}
		found = append(found, password)
		if decoded, err := url.PathUnescape(password); err == nil && decoded != password {
			found = append(found, decoded)
		}
	}
	for _, parts := range parameter.FindAllStringSubmatch(uri, -1) {
		if parts[3] != "" && SoundsSecret(parts[2]) {
			found = append(found, parts[3])
			if decoded, err := url.QueryUnescape(parts[3]); err == nil && decoded != parts[3] {
				found = append(found, decoded)
			}
		}
	}
	return found
}
