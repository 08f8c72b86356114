package queues_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestClosingWhileTheBrokerWaitsForRoom(t *testing.T) {
	t.Parallel()
	inBubble(t, "refuses what it pushes, so that it can close", func(t *testing.T) {
		s := &carefulPush{}
		queue := openCached(t, s, "prefetch", 1)
		require.NoError(t, queue.Subscribe(t.Context(), ""))
		require.NoError(t, s.push(t.Context(), "a", 1))
		pushed := make(chan error, 1)
		s.pushing.Go(func() { pushed <- s.push(context.Background(), "b", 1) })
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.ErrorIs(t, <-pushed, queues.ErrNotOpened)
	})
}

func TestCachedQueueDelivers(t *testing.T) {
	t.Parallel()

	inBubble(t, "what is pushed, in order, each acknowledged when it is completed", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		for _, id := range []string{"a", "b", "c"} {
			require.NoError(t, s.push(t.Context(), id, 1))
		}
		envelopes, err := queues.ReceiveBatch(t.Context(), queue, "", 10, 0)
		require.NoError(t, err)
		require.Equal(t, []string{"payload of a", "payload of b", "payload of c"}, payloads(envelopes))
		require.Equal(t, map[string]string{"id": "a"}, envelopes[0].Headers)
		require.Empty(t, s.called("acknowledge"))
		require.NoError(t, queue.Complete(t.Context(), envelopes[1]))
		require.NoError(t, queue.Complete(t.Context(), envelopes[0]))
		require.Equal(t, []string{"acknowledge b", "acknowledge a"}, s.called("acknowledge"))
	})

	inBubble(t, "to one who waits, straight away", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		got := make(chan string, 1)
		go func() {
			envelope, _ := queue.Receive(t.Context(), "", time.Minute)
			got <- envelope.MessageId
		}()
		synctest.Wait()
		started := time.Now()
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.Equal(t, "a", <-got)
		require.Zero(t, time.Since(started))
	})

	inBubble(t, "again from the buffer what is abandoned or has expired; the broker does not hear of it", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true, "lock_timeout", 1000)
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.NoError(t, s.push(t.Context(), "b", 1))
		require.NoError(t, queue.Abandon(t.Context(), receiveNow(t, queue)))
		envelope := receiveNow(t, queue)
		require.Equal(t, "a", envelope.MessageId)
		require.Equal(t, 2, envelope.DeliveryCount)
		pass(time.Second)
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
		require.Equal(t, 3, receiveNow(t, queue).DeliveryCount)
		require.Empty(t, s.called("acknowledge"))
	})

	inBubble(t, "with the count that the broker knows", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		for count, want := range map[int]int{0: 1, 1: 1, 5: 5} {
			require.NoError(t, s.push(t.Context(), "a", count))
			envelope := receiveNow(t, queue)
			require.Equal(t, want, envelope.DeliveryCount)
			require.NoError(t, queue.Complete(t.Context(), envelope))
		}
	})

	inBubble(t, "with the deliveries that it has had here, though the broker does not know of them", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		require.NoError(t, s.push(t.Context(), "held", 1))
		require.NoError(t, s.push(t.Context(), "abandoned", 1))
		require.NoError(t, s.push(t.Context(), "waiting", 1))
		receiveNow(t, queue)
		require.NoError(t, queue.Abandon(t.Context(), receiveNow(t, queue)))
		s.params.Void(func(any) bool { return true }) // a connection that is lost
		for _, id := range []string{"held", "abandoned", "waiting"} {
			require.NoError(t, s.push(t.Context(), id, 1))
		}
		for _, want := range []int{2, 2, 1} {
			require.Equal(t, want, receiveNow(t, queue).DeliveryCount)
		}
		require.NoError(t, queue.Close(t.Context(), "")) // does not count
		opened(t, queue)
		require.NoError(t, s.push(t.Context(), "held", 1))
		envelope := receiveNow(t, queue)
		require.Equal(t, 2, envelope.DeliveryCount)
		require.NoError(t, queue.Complete(t.Context(), envelope))
		require.NoError(t, s.push(t.Context(), "held", 1))
		require.Equal(t, 1, receiveNow(t, queue).DeliveryCount, "another message of that id")
	})

	inBubble(t, "later what a receiver failed on", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "retry_delay", 1000)
		var deliveries []time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			deliveries = append(deliveries, time.Since(started))
			if envelope.DeliveryCount < 3 {
				return errFailed
			}
			return nil
		}))
		synctest.Wait()
		require.NoError(t, s.push(t.Context(), "a", 1))
		pass(time.Minute)
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second}, deliveries)
		require.Equal(t, []string{"acknowledge a"}, s.called("acknowledge"))
	})

	inBubble(t, "still, when the broker could not be told that it is done", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		require.NoError(t, s.push(t.Context(), "a", 1))
		envelope := receiveNow(t, queue)
		s.fails("acknowledge", errAway)
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrNoConnection)
		require.NoError(t, queue.Complete(t.Context(), envelope))
		require.Len(t, s.called("acknowledge"), 2)
	})

	inBubble(t, "to another queue what is dead, then acknowledges it", func(t *testing.T) {
		s := &fakePush{}
		graveyard := queues.NewMemoryMessageQueue("graveyard")
		opened(t, graveyard)
		queue := queues.InheritCachedMessageQueue(nil, "orders", s)
		require.False(t, queue.Capabilities().CanDeadLetter(), "it can make no queue of its own kind")
		queue.Configure(t.Context(), options("autosubscribe", true, "dead_letter_queue", "graveyard"))
		queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "message-queue", "memory", "graveyard", "1.0"), graveyard))
		opened(t, queue)
		require.True(t, queue.Capabilities().CanDeadLetter())
		require.NoError(t, s.push(t.Context(), "a", 1))
		envelope := receiveNow(t, queue)
		envelope.SetMessageAsString("changed")
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
		require.Equal(t, "payload of a", receiveNow(t, graveyard).GetMessageAsString())
		require.Equal(t, []string{"acknowledge a"}, s.called("acknowledge"))
		require.NoError(t, queue.Close(t.Context(), ""))
		require.NoError(t, graveyard.Close(t.Context(), ""))
	})
}

func TestCachedQueueBuffer(t *testing.T) {
	t.Parallel()

	// fill pushes messages until one has to wait, and returns how many did not.
	fill := func(t *testing.T, s *fakePush) int {
		t.Helper()
		for count := 0; ; count++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			err := s.push(ctx, fmt.Sprint("m", count), 1)
			cancel()
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				return count
			}
		}
	}

	inBubble(t, "is bounded, and slows the broker down", func(t *testing.T) {
		for _, test := range []struct {
			settings []any
			want     int
		}{
			{nil, 100},
			{[]any{"prefetch", 3}, 3},
		} {
			s := &fakePush{}
			queue := openCached(t, s, append([]any{"autosubscribe", true}, test.settings...)...)
			require.Equal(t, test.want, fill(t, s))
			envelope := receiveNow(t, queue)
			require.Equal(t, 1, fill(t, s), "what is locked takes up no room")
			require.NoError(t, queue.Complete(t.Context(), envelope))
			require.Zero(t, fill(t, s), "and makes none when it is done")
			require.NoError(t, queue.Abandon(t.Context(), receiveNow(t, queue)))
			require.Zero(t, fill(t, s), "what is given back takes it up again")
		}
	})

	inBubble(t, "lets go of a broker that waits when the queue closes", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true, "prefetch", 1)
		fill(t, s)
		pushed := make(chan error, 1)
		go func() { pushed <- s.push(t.Context(), "late", 1) }()
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.ErrorIs(t, <-pushed, queues.ErrNotOpened)
	})

	inBubble(t, "is the broker's again when the queue closes", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true, "prefetch", 2)
		require.Equal(t, 2, fill(t, s))
		held := receiveNow(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
		opened(t, queue)
		receiveNone(t, queue)
		require.ErrorIs(t, queue.Complete(t.Context(), held), queues.ErrLockLost)
		require.Empty(t, s.called("acknowledge"))
		require.Equal(t, 2, fill(t, s), "it is empty again")
	})

	inBubble(t, "is kept when the queue closes if the broker will not send it again", func(t *testing.T) {
		s := &fakePush{traits: queues.Traits{AtMostOnce: true}}
		queue := openCached(t, s, "autosubscribe", true)
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.NoError(t, s.push(t.Context(), "b", 1))
		require.NoError(t, queue.Complete(t.Context(), receiveNow(t, queue)))
		require.NoError(t, queue.Close(t.Context(), ""))
		opened(t, queue)
		require.Equal(t, "b", receiveNow(t, queue).MessageId)
	})

	inBubble(t, "loses what the broker has taken back, and nothing else", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true, "prefetch", 6)
		require.Equal(t, 6, fill(t, s))
		gone, kept := receiveNow(t, queue), receiveNow(t, queue)
		for range 2 {
			require.NoError(t, queue.Abandon(t.Context(), receiveNow(t, queue)))
		}
		s.params.Void(func(handle any) bool { return slices.Contains([]any{"m0", "m2", "m4"}, handle) })
		require.ErrorIs(t, queue.Complete(t.Context(), gone), queues.ErrLockLost)
		require.NoError(t, queue.Complete(t.Context(), kept))
		envelopes, err := queues.ReceiveBatch(t.Context(), queue, "", 10, 0)
		require.NoError(t, err)
		require.Equal(t, []string{"payload of m3", "payload of m5"}, payloads(envelopes))
		require.Equal(t, 6, fill(t, s), "there is room for what is gone, what is done and what is locked")
		require.Equal(t, []string{"acknowledge m1"}, s.called("acknowledge"))
	})

	inBubble(t, "loses what waits for its retry when the broker takes it back", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "prefetch", 1, "retry_delay", 1000)
		deliveries := 0
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			deliveries++
			return errFailed
		}))
		synctest.Wait()
		require.NoError(t, s.push(t.Context(), "a", 1))
		synctest.Wait()
		s.params.Void(func(any) bool { return true })
		pass(time.Minute)
		require.Equal(t, 1, deliveries)
		require.NoError(t, s.push(t.Context(), "b", 1), "there is room again")
		synctest.Wait()
	})

	inBubble(t, "makes room once for a message that the broker takes back while it is acknowledged", func(t *testing.T) {
		s := &fakePush{gate: make(chan struct{})}
		queue := openCached(t, s, "autosubscribe", true, "prefetch", 2)
		require.Equal(t, 2, fill(t, s))
		envelope := receiveNow(t, queue)
		completed := make(chan error, 1)
		go func() { completed <- queue.Complete(t.Context(), envelope) }()
		synctest.Wait()
		s.params.Void(func(handle any) bool { return handle == "m0" })
		close(s.gate)
		err := <-completed
		if err != nil {
			require.ErrorIs(t, err, queues.ErrLockLost)
		}
		require.Equal(t, 1, fill(t, s))
	})
}
