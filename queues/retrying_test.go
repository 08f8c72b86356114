package queues_test

import (
	"context"
	"testing"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestRetrying(t *testing.T) {
	t.Parallel()

	inBubble(t, "is the storage's to delay where it can", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "retry_delay", 1000, "retry_max_delay", 5000, "max_deliveries", 6)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(time.Minute)
		require.Equal(t, []string{
			"release_delayed a 1s", "release_delayed a 2s", "release_delayed a 4s", "release_delayed a 5s", "release_delayed a 5s",
			"bury a max_deliveries",
		}, s.called("release", "bury", "stale"))
	})

	inBubble(t, "is done by the base where the storage cannot: it keeps the message for that time", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		counters := newCounters()
		queue := closedQueue(t, s, "retry_delay", 1000, "retry_max_delay", 5000, "max_deliveries", 0)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(18 * time.Second)
		require.Equal(t, []time.Duration{
			1 * time.Second, 3 * time.Second, 7 * time.Second, 12 * time.Second, 17 * time.Second,
		}, s.when("release a counted"))
		require.EqualValues(t, 6, counters.value("queue.orders.abandoned_messages"))
		require.Zero(t, counters.value("queue.orders.expired_locks"), "a message that waits for its retry has not lost its lock")
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"a 6"}, s.holds(), "a failed delivery counts, also when the queue closes before the retry")
	})

	inBubble(t, "goes on when the storage fails at the moment of the retry", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s, "retry_delay", 1000)
		deliveries := 0
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries++; deliveries == 1 {
				s.fails("release", errAway, errAway)
				return errFailed
			}
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, 2, deliveries)
		require.Empty(t, s.holds())
	})

	inBubble(t, "keeps the broker's lock when the base delays for longer than that", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has("a")
		queue := openQueue(t, struct {
			*fakeStorage
			withExtend
		}{s, withExtend{s}}, "lock_timeout", 10000, "retry_delay", 60000)
		var deliveries []time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries = append(deliveries, time.Since(started)); len(deliveries) == 1 {
				return errFailed
			}
			return nil
		}))
		pass(5 * time.Minute)
		require.Equal(t, []time.Duration{0, time.Minute}, deliveries)
		require.Empty(t, s.called("stale"), "the base does not settle what it has lost")
	})

	inBubble(t, "is at once for what a receiver abandons itself", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		var deliveries []time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if deliveries = append(deliveries, time.Since(started)); len(deliveries) == 1 {
				assert.NoError(t, queue.Abandon(ctx, envelope))
				return errFailed // the outcome of a message that the receiver has settled itself does not matter
			}
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, []time.Duration{0, 0}, deliveries)
		require.Equal(t, []string{"release a counted", "complete a"}, s.called("release", "complete", "stale"))
	})

	inBubble(t, "logs a panic with its stack and abandons the message", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				panic("a 100% disaster")
			}
			return nil
		}))
		pass(time.Minute)
		require.Empty(t, s.holds())
		require.Contains(t, logger.text(), "a 100% disaster")
		require.Contains(t, logger.text(), "retrying_test.go", "the stack leads to the receiver")
		require.NotContains(t, logger.text(), "%!")
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}
