package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDistanceCountsSlips(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		want     int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"same", "same", 0},
		{"timout", "timeout", 1},
		{"tiimeout", "timeout", 1},
		{"timexut", "timeout", 1},
		{"tiemout", "timeout", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3}, // restricted: the swapped pair is not edited again
		{"größe", "grösse", 2},
	} {
		require.Equal(t, test.want, distance(test.from, test.to), "%s to %s", test.from, test.to)
	}
}

func TestDistanceIsSymmetricAndNoMoreThanTheLongerWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab_]{0,8}`)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		require.Equal(t, d, distance(b, a))
		require.LessOrEqual(t, d, max(len(a), len(b)))
		require.GreaterOrEqual(t, d, max(len(a), len(b))-min(len(a), len(b)))
		require.Equal(t, a == b, d == 0)
	})
}

func TestNearestTakesTheFirstOfTheNearest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		word string
		from []string
		want string
	}{
		{"dead_leter", []string{"durable", "dead_letter"}, "dead_letter"},
		{"qps", []string{"qos", "qps2"}, "qos"},
		{"lock", []string{"port", "rock"}, "rock"},
		{"port", []string{"lock", "sort_of"}, ""},
		{"a", nil, ""},
		{"", []string{"abc"}, ""},
		{strings.Repeat("a", 100_000), []string{strings.Repeat("a", 99_999)}, ""},
	} {
		got, ok := nearest(test.word, test.from)
		require.Equal(t, test.want, got)
		require.Equal(t, test.want != "", ok)
	}
}
