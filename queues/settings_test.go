package queues

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func parsed(t *testing.T, tuples ...any) settings {
	t.Helper()
	values, problems := config.Queue().Parse(cconf.NewConfigParamsFromTuples(tuples...))
	require.Empty(t, problems)
	return newSettings(values)
}

func TestSettings(t *testing.T) {
	t.Parallel()

	t.Run("have the documented defaults", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, settings{
			lockTimeout:       30 * time.Second,
			maxDeliveries:     10,
			retryDelay:        time.Second,
			retryMaxDelay:     time.Minute,
			listenConcurrency: 1,
			autoComplete:      true,
			autoRenew:         true,
			drainTimeout:      10 * time.Second,
		}, parsed(t))
	})

	t.Run("are each taken from their option", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, settings{
			lockTimeout:       2 * time.Millisecond,
			maxDeliveries:     3,
			retryDelay:        4 * time.Millisecond,
			retryMaxDelay:     5 * time.Millisecond,
			deadLetterQueue:   "graveyard",
			listenConcurrency: 6,
			prefetch:          7,
			autoComplete:      false,
			autoRenew:         false,
			drainTimeout:      8 * time.Millisecond,
			maxMessages:       9,
			rejectWhenFull:    true,
			maxMessageSize:    10,
			require:           []Capability{CapabilityDelay, CapabilityBatch},
		}, parsed(t,
			"options.lock_timeout", 2, "options.max_deliveries", 3, "options.retry_delay", 4, "options.retry_max_delay", 5,
			"options.dead_letter_queue", "graveyard", "options.listen_concurrency", 6, "options.prefetch", 7,
			"options.auto_complete", "no", "options.auto_renew", "no", "options.drain_timeout", 8, "options.max_messages", 9,
			"options.overflow", "reject", "options.max_message_size", 10, "options.require", "delay, batch"))
	})
}

func TestBackOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		delay, most time.Duration
		want        map[int]time.Duration // by count of deliveries
	}{
		"doubles from the second delivery on, up to the greatest": {
			time.Second, time.Minute,
			map[int]time.Duration{
				0: 1 * time.Second, 1: 1 * time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second,
				7: time.Minute, 8: time.Minute, 1 << 40: time.Minute,
			},
		},
		"stays if the greatest is the least":     {time.Second, time.Second, map[int]time.Duration{1: time.Second, 9: time.Second}},
		"is none if there is none":               {0, time.Minute, map[int]time.Duration{1: 0, 2: 0, 100: 0}},
		"does not go below the least":            {time.Minute, time.Second, map[int]time.Duration{1: time.Minute, 2: time.Minute}},
		"stays positive however long the delays": {365 * 24 * time.Hour, 365 * 24 * time.Hour, map[int]time.Duration{100: 365 * 24 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings{retryDelay: test.delay, retryMaxDelay: test.most}
			for count, want := range test.want {
				started := time.Now()
				require.Equal(t, want, s.backOff(count), "after delivery %d", count)
				require.Less(t, time.Since(started), time.Second)
			}
		})
	}
}

func TestSpentMessages(t *testing.T) {
	t.Parallel()
	limited, unlimited := settings{maxDeliveries: 3}, settings{}
	for count, want := range map[int]bool{0: false, 2: false, 3: true, 4: true, 1000: true} {
		require.Equal(t, want, limited.isSpent(count), "after %d of 3", count)
		require.False(t, unlimited.isSpent(count), "after %d without a limit", count)
	}
}
