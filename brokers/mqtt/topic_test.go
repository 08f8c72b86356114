package mqtt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTopics(t *testing.T) {
	t.Parallel()
	for topic, valid := range map[string]bool{
		"orders": true, "a/b/c": true, "/": true, "a//b": true, "sensors/+/state": true, "#": true, "a/#": true, "+": true, "with space": true, "тема": true,
		"": false, "$SYS/x": false, "$share/g/t": false, "a/#/b": false, "a+/b": false, "a/b#": false, "zero\x00": false, "line\n": false, "bad \xff": false,
		strings.Repeat("x", 65535): true, strings.Repeat("x", 65536): false,
	} {
		if valid {
			require.NoError(t, checkTopic(topic), "%q", topic)
		} else {
			require.Error(t, checkTopic(topic), "%q", topic)
		}
	}
}

func TestFiltersMatchTopics(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a/b", "a/b/c", false},
		{"a/+", "a/b", true},
		{"a/+", "a/", true},
		{"a/+", "a", false},
		{"a/+/c", "a/b/c", true},
		{"+/+", "/x", true},
		{"a/#", "a/b/c", true},
		{"a/#", "a", true},
		{"a/#", "b", false},
		{"#", "anything/at/all", true},
		{"#", "$SYS/uptime", false},
		{"+/uptime", "$SYS/uptime", false},
		{"$SYS/#", "$SYS/uptime", true},
	} {
		require.Equal(t, test.want, matches(test.filter, test.topic), "%s of %s", test.topic, test.filter)
	}
}

func TestNamesBecomeLevels(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range []string{"orders", "a/b", "a%2Fb", "a+b", "#", "$x", "a b", "zero\x00"} {
		level := levelOf(name)
		require.NoError(t, checkTopic(level), "%q", level)
		require.False(t, isWildcard(level) || strings.Contains(level, "/"), "%q", level)
		require.Empty(t, seen[level])
		seen[level] = name
	}
}
