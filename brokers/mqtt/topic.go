package mqtt

import (
	"errors"
	"fmt"
	"strings"
)

const (
	sharePrefix  = "$share/"
	maxTextBytes = 65535 // of any string of the protocol
)

// isWildcard tells whether a topic stands for several.
func isWildcard(topic string) bool { return strings.ContainsAny(topic, "+#") }

// checkTopic says what is wrong with a topic, or with a filter of topics.
func checkTopic(topic string) error {
	switch {
	case topic == "":
		return errors.New("a topic is not empty")
	case len(topic) > maxTextBytes:
		return fmt.Errorf("a topic has at most %d bytes", maxTextBytes)
	case !isProtocolText(topic):
		return errors.New("a topic is text in UTF-8 without control characters")
	case strings.HasPrefix(topic, "$"):
		return errors.New("topics that begin with $ are the server's own; for a shared subscription set group")
	}
	levels := strings.Split(topic, "/")
	for i, level := range levels {
		switch {
		case level == "+", level == "#" && i == len(levels)-1:
		case level == "#":
			return errors.New("# stands at the end")
		case isWildcard(level):
			return fmt.Errorf("a wildcard is a whole level: a/+/b and not a/%s/b", level)
		}
	}
	return nil
}

// matches tells whether a topic is one of those that filter stands for.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	filters, levels := strings.Split(filter, "/"), strings.Split(topic, "/")
	for i, level := range filters {
		switch {
		case level == "#":
			return true
		case i >= len(levels), level != "+" && level != levels[i]:
			return false
		}
	}
	return len(filters) == len(levels)
}

// checkGroup says what is wrong with the name of a shared subscription.
func checkGroup(group string) error {
	if strings.ContainsAny(group, "/+#") || !isProtocolText(group) {
		return errors.New("the name of a shared subscription has no /, + or #, and no control characters")
	}
	return nil
}

// levelOf makes one level of a topic of a name that may have any characters.
func levelOf(name string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", "+", "%2B", "#", "%23", "$", "%24", "\x00", "%00").Replace(name)
}
