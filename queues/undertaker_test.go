package queues_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// withFullMorgue opens a queue over storage whose dead messages go to a queue that is full. Nothing but one message fits in there.
func withFullMorgue(t *testing.T, storage queues.Storage, settings ...any) (queue *queues.MessageQueue, morgue *queues.MemoryMessageQueue, log *logger) {
	t.Helper()
	morgue = queues.NewMemoryMessageQueue("morgue")
	morgue.Configure(t.Context(), options("max_messages", 1))
	opened(t, morgue)
	require.NoError(t, morgue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "first"}))

	log = newLogger(clog.LevelWarn)
	queue = closedQueue(t, storage, append(settings, "dead_letter_queue", "morgue")...)
	queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
		cref.NewDescriptor("pip-services", "logger", "test", "default", "1.0"), log,
		cref.NewDescriptor("pip-services", "message-queue", "memory", "morgue", "1.0"), morgue))
	opened(t, queue)
	return queue, morgue, log
}

// empty takes what is in the morgue out, one after the other as there is room, and returns the ids.
func empty(t *testing.T, morgue queues.IMessageQueue, count int) []string {
	t.Helper()
	ids := make([]string, count)
	for i := range ids {
		envelope, err := morgue.Receive(t.Context(), "", time.Hour)
		require.NoError(t, err)
		require.NotNil(t, envelope, "a dead message comes")
		ids[i] = envelope.MessageId
		require.NoError(t, morgue.Complete(t.Context(), envelope))
	}
	return ids
}

func TestDeadLetterQueueThatIsFull(t *testing.T) {
	t.Parallel()

	failures := map[string]error{"at the last delivery": errFailed, "for good": queues.NewPermanentError(errFailed)}
	for name, failure := range failures {
		inBubble(t, "holds up a listener once, whose receiver fails "+name, func(t *testing.T) {
			s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
			s.has("bad 1", "good 1", "bad 2", "bad 3", "good 2")
			queue, morgue, log := withFullMorgue(t, s, "max_deliveries", 1)
			started := time.Now()
			handled := map[string]time.Duration{}
			queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
				if strings.HasPrefix(envelope.MessageId, "bad") {
					return failure
				}
				handled[envelope.MessageId] = time.Since(started)
				return nil
			}))
			pass(10 * time.Second)
			require.Equal(t, map[string]time.Duration{"good 1": 5 * time.Second, "good 2": 5 * time.Second}, handled)
			require.Equal(t, []string{"bad 1 1*", "bad 2 1*", "bad 3 1*"}, s.holds(), "they stay locked")
			require.Contains(t, log.text(), "ERROR")
			require.Contains(t, log.text(), "Could not move message bad 1 of queue orders to the dead-letter queue")

			require.ElementsMatch(t, []string{"first", "bad 1", "bad 2", "bad 3"}, empty(t, morgue, 4))
			synctest.Wait()
			require.Empty(t, s.holds())

			s.has("bad 4", "good 3") // it takes messages again, and is written to directly
			began := time.Now()
			synctest.Wait()
			require.Equal(t, began.Sub(started), handled["good 3"])
			require.Equal(t, "failed", receiveNow(t, morgue).Headers["dead_letter_error"])
		})
	}

	inBubble(t, "slows a listener down that finds very many dead messages", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("dead_letter_queue", "morgue"))
		_, morgue, _ := withFullMorgue(t, newFakeStorage(queues.Traits{}))
		queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "message-queue", "memory", "morgue", "1.0"), morgue))
		opened(t, queue)
		for range 11_000 {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{}))
		}
		var received atomic.Int64
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			received.Add(1)
			return queues.NewPermanentError(errFailed)
		}))
		pass(6 * time.Second)
		require.InDelta(t, 10_001, received.Load(), 1, "one of them may be out for another try")
		many := received.Load()
		pass(50 * time.Second)
		require.Equal(t, many+10, received.Load())
	})

	inBubble(t, "does not hold up the keeper of locks", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a", "b", "c", "d")
		for _, message := range s.messages[:3] {
			message.count = 1
		}
		queue, morgue, _ := withFullMorgue(t, s, "max_deliveries", 2, "lock_timeout", 500)
		for range 4 {
			receiveNow(t, queue)
		}
		pass(500 * time.Millisecond)
		require.Equal(t, []string{"a 2*", "b 2*", "c 2*", "d 1"}, s.holds(), "the lock of d runs out in time")
		pass(time.Minute)
		require.ElementsMatch(t, []string{"first", "a", "b", "c"}, empty(t, morgue, 4))
		synctest.Wait()
		require.Equal(t, []string{"d 1"}, s.holds())
	})

	inBubble(t, "holds up once who comes upon messages that have had all their deliveries", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a", "b", "c", "d", "e")
		for _, message := range s.messages[:4] {
			message.count = 1
		}
		queue, morgue, _ := withFullMorgue(t, s, "max_deliveries", 1)
		started := time.Now()
		require.Equal(t, "e", receiveNow(t, queue).MessageId)
		require.Equal(t, 5*time.Second, time.Since(started))
		require.ElementsMatch(t, []string{"first", "a", "b", "c", "d"}, empty(t, morgue, 5))
	})

	inBubble(t, "has the locks of what waits for it kept up on the broker", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has("a", "b", "c")
		queue, morgue, _ := withFullMorgue(t, struct {
			*fakeStorage
			withExtend
		}{s, withExtend{s}}, "max_deliveries", 1, "lock_timeout", 1000)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(10 * time.Minute)
		require.Equal(t, []string{"a 1*", "b 1*", "c 1*"}, s.holds(), "no broker gives them to somebody else")
		require.ElementsMatch(t, []string{"first", "a", "b", "c"}, empty(t, morgue, 4))
		synctest.Wait()
		require.Empty(t, s.holds())
		require.Empty(t, s.called("stale"))
	})

	inBubble(t, "lets who moves a message wait, and keeps its lock meanwhile", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has("a")
		queue, morgue, _ := withFullMorgue(t, struct {
			*fakeStorage
			withExtend
		}{s, withExtend{s}}, "lock_timeout", 1000)
		envelope := receiveNow(t, queue)
		impatient, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, queue.MoveToDeadLetter(impatient, envelope), context.DeadlineExceeded)
		time.AfterFunc(10*time.Second, func() { empty(t, morgue, 1) })
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
		require.Empty(t, s.holds())
		require.Equal(t, []string{"a"}, empty(t, morgue, 1))
	})

	inBubble(t, "does not hold up Close, which gives back what waits for it", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a", "b", "c")
		queue, morgue, _ := withFullMorgue(t, s, "max_deliveries", 1)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(time.Minute)
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Zero(t, time.Since(started))
		require.Equal(t, []string{"a 1", "b 1", "c 1"}, s.holds(), "their last deliveries are used up")
		require.Equal(t, []string{"first"}, empty(t, morgue, 1))
		none, err := morgue.Receive(t.Context(), "", time.Hour)
		require.NoError(t, err)
		require.Nil(t, none)
	})
}
