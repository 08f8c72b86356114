package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestQueueHasTheDefaultsOfTheContract(t *testing.T) {
	t.Parallel()
	values, problems := config.Queue().Parse(nil)
	require.Empty(t, problems)
	require.Equal(t, 30*time.Second, values.Duration(config.LockTimeout))
	require.Equal(t, 10, values.Int(config.MaxDeliveries))
	require.Equal(t, time.Second, values.Duration(config.RetryDelay))
	require.Equal(t, time.Minute, values.Duration(config.RetryMaxDelay))
	require.Empty(t, values.String(config.DeadLetterQueue))
	require.Equal(t, 1, values.Int(config.ListenConcurrency))
	require.Zero(t, values.Int(config.Prefetch))
	require.True(t, values.Bool(config.AutoComplete))
	require.True(t, values.Bool(config.AutoRenew))
	require.Equal(t, 10*time.Second, values.Duration(config.DrainTimeout))
	require.Zero(t, values.Int(config.MaxMessages))
	require.Equal(t, config.OverflowBlock, values.String(config.Overflow))
	require.Zero(t, values.Int(config.MaxMessageSize))
	require.Empty(t, values.List(config.Require))
	require.Empty(t, values.String(config.Name))
	require.Empty(t, values.String(config.QueueName))

	_, found := config.Queue().Lookup(config.Autosubscribe)
	require.False(t, found)
	option, found := config.Cached().Lookup(config.Autosubscribe)
	require.True(t, found)
	require.Equal(t, "false", option.DefaultString())
	require.Subset(t, config.Cached().Keys(), config.Queue().Keys())
}

func TestQueueKnowsTheCapabilitiesOfTheContract(t *testing.T) {
	t.Parallel()
	option, _ := config.Queue().Lookup(config.Require)
	require.Equal(t, []string{
		"message_count", "send", "receive", "peek", "peek_batch", "renew_lock", "abandon", "dead_letter", "clear", "batch", "delay",
		"ordering", "at_least_once", "durable",
	}, option.Choices())
}

func TestQueueRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key   string
		value any
		want  string
	}{
		"a lock that ends at once":        {config.LockTimeout, 0, "options.lock_timeout: 0 is below the least allowed, 1"},
		"a lock for more than a year":     {config.LockTimeout, 31536000001, "options.lock_timeout: 31536000001 is above the most allowed, 31536000000 (365 days)"},
		"a negative number of deliveries": {config.MaxDeliveries, -1, "options.max_deliveries: -1 is below the least allowed, 0 (no limit)"},
		"a listener that does nothing":    {config.ListenConcurrency, 0, "options.listen_concurrency: 0 is below the least allowed, 1"},
		"too many listeners":              {config.ListenConcurrency, 10001, "options.listen_concurrency: 10001 is above the most allowed, 10000"},
		"another kind of overflow":        {config.Overflow, "drop", "options.overflow: unknown value \"drop\"; choose from block, reject"},
		"a misspelt capability":           {config.Require, "dead_leter", `options.require: unknown capability "dead_leter"; did you mean dead_letter?`},
		"a back-off that shrinks": {
			config.RetryMaxDelay, 500, "options.retry_max_delay: 500 is less than options.retry_delay, 1000 (the default); raise the one or lower the other",
		},
		"a back-off above its default limit": {
			config.RetryDelay, 90000, "options.retry_max_delay: 60000 (the default) is less than options.retry_delay, 90000; raise the one or lower the other",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := config.Queue().Parse(params(test.key, test.value))
			require.EqualError(t, problems.Err(), test.want)
		})
	}
}

func TestQueueAcceptsTheEdges(t *testing.T) {
	t.Parallel()
	for _, option := range config.Cached().Options() {
		least, most, ok := option.Bounds()
		if !ok {
			continue
		}
		for _, number := range []int64{least, most} {
			given := params(option.Key(), number)
			if option.Key() == config.RetryDelay {
				given.Put(config.RetryMaxDelay, number)
			}
			if option.Key() == config.RetryMaxDelay {
				given.Put(config.RetryDelay, 0)
			}
			values, problems := config.Cached().Parse(given)
			require.NoError(t, problems.Err())
			require.Positive(t, values.Duration(option.Key())+1, "no overflow")
			require.Positive(t, values.Int64(option.Key())+1)
		}
	}
}

func TestQueueNotesTheIntervalOfTheFamily(t *testing.T) {
	t.Parallel()
	_, problems := config.Queue().Parse(params(config.ListenInterval, 1000))
	require.NoError(t, problems.Err())
	require.Equal(t, "warning: options.listen_interval is deprecated; ignored: listening waits without polling", problems.String())
}

func TestHelpNamesOnlyOptionsThatExist(t *testing.T) {
	t.Parallel()
	set := config.Cached()
	for _, option := range set.Options() {
		for _, key := range quotedKeys(option.HelpText()) {
			_, found := set.Lookup(key)
			require.True(t, found, "%s mentions %s", option.Key(), key)
		}
	}
}
