package queues_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// deadlyQueue is a queue whose messages die as soon as they are sent.
type deadlyQueue struct {
	*queues.MessageQueue
	sent int
}

func (q *deadlyQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	if q.sent++; q.sent > 10 {
		return errors.New("this goes on for ever")
	}
	if err := q.MessageQueue.Send(ctx, correlationId, envelope); err != nil {
		return err
	}
	received, err := q.Receive(ctx, correlationId, 0)
	if err != nil {
		return err
	}
	return q.MoveToDeadLetter(ctx, received)
}

func TestRedrive(t *testing.T) {
	t.Parallel()

	inBubble(t, "sends before it removes", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := openQueue(t, storage)
		s.dead.hasDead("a", "b")
		s.dead.fails("complete", errAway)
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.Zero(t, count)
		require.Equal(t, []string{"a 0"}, s.holds())
		require.Equal(t, []string{"a 0", "b 0"}, s.dead.holds(), "twice rather than not at all")
	})

	inBubble(t, "leaves in place what it could not send, as if it had not been received", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := openQueue(t, storage)
		s.dead.hasDead("a", "b", "c")
		s.fails("put", nil, errAway)
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "redriving message b")
		require.EqualValues(t, 1, count)
		require.Equal(t, []string{"b 0", "c 0"}, s.dead.holds())
	})

	inBubble(t, "leaves the dead messages of other queues, as if they had not been received", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := openQueue(t, storage)
		s.dead.has("a", "b", "c")
		s.dead.messages[0].envelope.Headers = map[string]string{"dead_letter_source": "elsewhere"}
		s.dead.messages[1].envelope.Headers = map[string]string{"dead_letter_source": "orders", "own": "1"}
		count, err := queues.Redrive(t.Context(), queue, "", 1)
		require.NoError(t, err)
		require.EqualValues(t, 1, count)
		require.Equal(t, []string{"a 0", "c 0"}, s.dead.holds())
		require.Equal(t, map[string]string{"own": "1"}, s.messages[0].envelope.Headers)
	})

	inBubble(t, "ends where messages cannot be counted and die again at once", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := &deadlyQueue{}
		queue.MessageQueue = queues.InheritMessageQueueWithStorage(queue, "orders", storage)
		opened(t, queue)
		s.dead.hasDead("a", "b")
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.NoError(t, err)
		require.EqualValues(t, 2, count)
		require.Equal(t, []string{"a 0", "b 0"}, s.dead.holds())
	})

	inBubble(t, "sends back messages that share an id, as duplicates do", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		for range 2 {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "same"}))
			require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		}
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.NoError(t, err)
		require.EqualValues(t, 2, count)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "does not send back what dies while it runs", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		for _, id := range []string{"a", "b"} {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: id}))
		}
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			return queues.NewPermanentError(errFailed)
		}))
		synctest.Wait()
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.NoError(t, err)
		require.EqualValues(t, 2, count)
		synctest.Wait()
		dead, err := queue.DeadLetters()
		require.NoError(t, err)
		left, err := dead.ReadMessageCount()
		require.NoError(t, err)
		require.EqualValues(t, 2, left)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "puts back a header delivery_count of the sender's own, after any number of deaths", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		headers := map[string]string{"delivery_count": "own", "other": "1"}
		require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{Headers: headers}))
		for range 3 {
			require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
			dead, err := queue.DeadLetters()
			require.NoError(t, err)
			shown, err := dead.Peek(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, "1", shown.Headers["delivery_count"])
			require.Equal(t, headers, queues.Revive(shown).Headers)
			_, err = queues.Redrive(t.Context(), queue, "", 0)
			require.NoError(t, err)
			live, err := queue.Peek(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, headers, live.Headers)
		}
		alive := &queues.MessageEnvelope{Headers: headers}
		require.Equal(t, headers, queues.Revive(alive).Headers)
	})

	inBubble(t, "leaves what nobody says the source of", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := openQueue(t, storage)
		s.dead.has("a")
		s.dead.hasDead("b")
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, count)
		require.Equal(t, []string{"a 0"}, s.dead.holds())
		require.Equal(t, []string{"b 0"}, s.holds())
	})

	inBubble(t, "does not lose the locks of what it leaves, however long it takes", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			dead := newFakeStorage(queues.Traits{Locks: keeper})
			dead.has("a", "b")
			dead.hasDead("c", "d", "e")
			dead.has("f")
			rejects := queues.InheritMessageQueueWithStorage(nil, "rejects", struct {
				*fakeStorage
				withExtend
				withCount
			}{dead, withExtend{dead}, withCount{dead}})
			rejects.Configure(t.Context(), options("lock_timeout", 1000, "max_deliveries", 0))
			opened(t, rejects)

			queue := slowQueue{queues.NewMemoryMessageQueue("orders"), 10 * time.Second}
			queue.Configure(t.Context(), options("dead_letter_queue", "rejects"))
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
				cref.NewDescriptor("pip-services", "message-queue", "fake", "rejects", "1.0"), rejects))
			opened(t, queue)
			count, err := queues.Redrive(t.Context(), queue, "", 0)
			require.NoError(t, err)
			require.EqualValues(t, 3, count)
			require.Equal(t, []string{"a 0", "b 0", "f 0"}, dead.holds(), "uncounted")
			require.Empty(t, dead.called("stale"))
		}
	})

	inBubble(t, "keeps the lock of what has to wait for room", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("max_messages", 1, "lock_timeout", 1000))
		opened(t, queue)
		require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "dead"}))
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "first"}))
		time.AfterFunc(time.Minute, func() { require.Equal(t, []string{"first"}, empty(t, queue, 1)) })
		count, err := queues.Redrive(t.Context(), queue, "", 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, count)
		dead, err := queue.DeadLetters()
		require.NoError(t, err)
		left, err := dead.ReadMessageCount()
		require.NoError(t, err)
		require.Zero(t, left)
		require.Equal(t, []string{"dead"}, empty(t, queue, 1))
	})

	inBubble(t, "says of a closed queue that it is closed", func(t *testing.T) {
		_, err := queues.Redrive(t.Context(), queues.NewMemoryMessageQueue("orders"), "", 0)
		require.ErrorIs(t, err, queues.ErrNotOpened)
		require.ErrorContains(t, err, "queue orders:")
	})
}

// slowQueue takes its time over each message that is sent.
type slowQueue struct {
	*queues.MemoryMessageQueue
	delay time.Duration
}

func (q slowQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	time.Sleep(q.delay)
	return q.MemoryMessageQueue.Send(ctx, correlationId, envelope)
}
