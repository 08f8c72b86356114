package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// FuzzParse holds Parse to what must be true of any configuration: no panic, one line for each problem, and
// what is accepted lies within bounds and reads the same when it is written again.
func FuzzParse(f *testing.F) {
	f.Add("options.lock_timeout", "30000", "options.require", "dead_letter, renew_lock")
	f.Add("options.lock_timout", "30s", "options.require.0", "durable")
	f.Add("options.max_deliveries", "-99999999999999999999", "options.retry_delay", "61000")
	f.Add("options.auto_renew", "yes please", "options.overflow", "Block")
	f.Add("options.max_message_size", "1 MiB", "options.drain_timeout", "${X}")
	f.Add("options.tags", ",\t,", "options.days.18446744073709551616", "monday")
	f.Add("options", "\xff", "options.", "\n")
	set := config.Cached().With(sample().Options()...)
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string) {
		given := params(key1, value1, key2, value2)
		values, problems := set.Parse(given)
		for i, problem := range problems {
			require.NotContains(t, problem.String(), "\n")
			require.True(t, i == 0 || problems[i-1].Key <= problem.Key)
		}
		_, known := set.ParseKnown(given)
		require.LessOrEqual(t, len(known), len(problems))

		again := params()
		for _, option := range set.Options() {
			checkWithinBounds(t, option, values)
			if values.IsSet(option.Key()) && !option.IsSecret() {
				again.Put(option.Key(), values.Text(option.Key()))
			}
		}
		reread, _ := set.ParseKnown(again)
		for _, option := range set.Options() {
			if !option.IsSecret() {
				require.Equal(t, values.Text(option.Key()), reread.Text(option.Key()), option.Key())
			}
		}
	})
}

func checkWithinBounds(t *testing.T, option config.Option, values config.Values) {
	t.Helper()
	key := option.Key()
	if !values.IsSet(key) {
		return
	}
	if least, most, ok := option.Bounds(); ok {
		number := values.Int64(key)
		if option.Type() == config.TypeDuration {
			number = values.Duration(key).Milliseconds()
		}
		require.GreaterOrEqual(t, number, least)
		require.LessOrEqual(t, number, most)
	}
	for _, item := range values.List(key) {
		require.Equal(t, strings.TrimSpace(item), item)
		require.NotEmpty(t, item)
		require.True(t, option.Choices() == nil || slices.Contains(option.Choices(), item))
	}
	if option.Type() == config.TypeChoice {
		require.Contains(t, option.Choices(), values.String(key))
	}
}
