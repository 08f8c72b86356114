package queues_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// closes is a receiver that closes the queue it listens to when it gets that message, and works for a time on every
// other, or until its ctx ends. What it was ended by goes to causes.
func closes(id string, forThisLong time.Duration, causes chan<- error) queues.IMessageReceiver {
	return queues.NewCallbackMessageReceiver(func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
		if envelope.MessageId == id {
			return queue.Close(ctx, "")
		}
		select {
		case <-time.After(forThisLong):
			causes <- nil
			return nil
		case <-ctx.Done():
			causes <- context.Cause(ctx)
			return ctx.Err()
		}
	})
}

func TestCloseFromInsideAReceiver(t *testing.T) {
	t.Parallel()

	for _, listeners := range []int{1, 2} {
		name := map[int]string{1: "other workers of its listener", 2: "other listeners"}[listeners]
		inBubble(t, "leaves drain_timeout to "+name, func(t *testing.T) {
			s := newFakeStorage(queues.Traits{Ordered: true})
			s.has("slow")
			queue := openQueue(t, s, "drain_timeout", 10000, "listen_concurrency", 3-listeners)
			causes := make(chan error, 1)
			for range listeners {
				queue.BeginListen(t.Context(), "", closes("closer", 9*time.Second, causes))
			}
			synctest.Wait()
			s.has("closer")
			synctest.Wait()
			require.False(t, queue.IsOpen())
			require.NoError(t, <-causes)
			require.NoError(t, queue.Close(t.Context(), ""))
			require.Equal(t, []string{"complete closer", "complete slow"}, s.called("complete", "release"))
		})
	}
}

func TestOpenFromInsideAReceiver(t *testing.T) {
	t.Parallel()

	inBubble(t, "whose queue closes fails at once, also behind another Open that waits", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		waiting := make(chan error, 1)
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			assert.NoError(t, queue.Close(ctx, ""))
			go func() { waiting <- queue.Open(t.Context(), "") }()
			time.Sleep(time.Second)
			assert.ErrorIs(t, queue.Open(ctx, ""), queues.ErrNotOpened)
			return nil
		}))
		started := time.Now()
		synctest.Wait()
		require.NoError(t, <-waiting)
		require.Equal(t, time.Second, time.Since(started))
	})
}

func TestHurryingClose(t *testing.T) {
	t.Parallel()

	inBubble(t, "tells receivers that it was the ctx of Close, not drain_timeout", func(t *testing.T) {
		for _, settled := range []bool{false, true} {
			s := newFakeStorage(queues.Traits{})
			s.has("a")
			queue := openQueue(t, s, "drain_timeout", 60000)
			var cause error
			queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
				if settled {
					assert.NoError(t, queue.Complete(ctx, envelope))
				}
				<-ctx.Done()
				cause = context.Cause(ctx)
				return nil
			}))
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.NoError(t, queue.Close(ctx, ""))
			require.ErrorContains(t, cause, "ctx of Close")
			require.NotContains(t, cause.Error(), "drain_timeout")
			require.NotErrorIs(t, cause, queues.ErrLockLost)
		}
	})

	inBubble(t, "is for every caller: each waits no longer than its ctx", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s, "drain_timeout", 60000)
		queue.BeginListen(t.Context(), "", works(time.Hour))
		synctest.Wait()
		first := make(chan error, 1)
		go func() { first <- queue.Close(context.Background(), "") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, time.Second, time.Since(started))
		require.NoError(t, <-first)
		require.Equal(t, []string{"a 0"}, s.holds())
		require.Equal(t, []string{"close orders"}, s.called("close"))
	})

	inBubble(t, "cancels the receivers of all listeners at once", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b", "c")
		queue := openQueue(t, s, "drain_timeout", 60000)
		ended := make(chan time.Duration, 3)
		started := time.Now()
		for range 3 {
			queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
				<-ctx.Done()
				ended <- time.Since(started)
				time.Sleep(500 * time.Millisecond)
				return nil
			}))
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, queue.Close(ctx, ""))
		for range 3 {
			require.Equal(t, time.Second, <-ended)
		}
		require.Equal(t, 1500*time.Millisecond, time.Since(started))
	})
}
