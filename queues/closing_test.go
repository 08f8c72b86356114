package queues_test

import (
	"context"
	"fmt"
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

func TestClosingTheDeadLetterQueueToo(t *testing.T) {
	t.Parallel()

	// open opens a queue, with a message in its dead-letter queue.
	open := func(t *testing.T, settings ...any) (queue *queues.MemoryMessageQueue, dead queues.IMessageQueue) {
		queue = queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options(settings...))
		opened(t, queue)
		dead, err := queue.DeadLetters()
		require.NoError(t, err)
		require.NoError(t, dead.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("dead"))))
		return queue, dead
	}
	left := func(t *testing.T, queue, of queues.IMessageQueue) int64 {
		opened(t, queue)
		count, err := of.ReadMessageCount()
		require.NoError(t, err)
		require.NoError(t, queue.Close(t.Context(), ""))
		return count
	}

	inBubble(t, "leaves its receivers drain_timeout, as those of any queue, at the same time", func(t *testing.T) {
		queue, dead := open(t, "drain_timeout", 5000)
		require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		queue.BeginListen(t.Context(), "", works(4*time.Second))
		dead.BeginListen(t.Context(), "", works(4*time.Second))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, 4*time.Second, time.Since(started))
		require.False(t, dead.IsOpen())
		require.Zero(t, left(t, queue, dead))
	})

	inBubble(t, "cancels them after that", func(t *testing.T) {
		queue, dead := open(t, "drain_timeout", 10000)
		dead.BeginListen(t.Context(), "", works(time.Hour))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, 10*time.Second, time.Since(started))
		require.EqualValues(t, 1, left(t, queue, dead))
	})

	inBubble(t, "lets them send to the queue that closes", func(t *testing.T) {
		queue, dead := open(t)
		dead.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			time.Sleep(3 * time.Second)
			err := queue.Send(ctx, "", envelope)
			assert.NoError(t, err)
			return err
		}))
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.EqualValues(t, 1, left(t, queue, queue))
		require.Zero(t, left(t, queue, dead))
	})

	inBubble(t, "hurries when the ctx of Close ends, and the receivers of both are cancelled at once", func(t *testing.T) {
		queue, dead := open(t, "drain_timeout", 60000)
		require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		causes := make(chan error, 2)
		slow := receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			time.Sleep(500 * time.Millisecond)
			return ctx.Err()
		})
		queue.BeginListen(t.Context(), "", slow)
		dead.BeginListen(t.Context(), "", slow)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, 1500*time.Millisecond, time.Since(started))
		require.ErrorContains(t, <-causes, "ctx of Close")
		require.ErrorContains(t, <-causes, "ctx of Close")
	})

	inBubble(t, "returns at once from inside its receiver", func(t *testing.T) {
		queue, dead := open(t)
		took := make(chan time.Duration, 1)
		dead.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			started := time.Now()
			assert.NoError(t, queue.Close(ctx, ""))
			took <- time.Since(started)
			assert.ErrorIs(t, queue.Open(ctx, ""), queues.ErrNotOpened)
			time.Sleep(3 * time.Second)
			return ctx.Err()
		}))
		require.Zero(t, <-took)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.False(t, dead.IsOpen())
		require.Zero(t, left(t, queue, dead))
	})
}

// slowToCount is a storage whose broker does not answer when it is asked for a count.
type slowToCount struct{ *fakeStorage }

func (slowToCount) Count(ctx context.Context) (int64, error) {
	<-ctx.Done()
	return 0, fmt.Errorf("asking for the count: %w", ctx.Err())
}

func TestCallsThatCloseCutsOff(t *testing.T) {
	t.Parallel()

	inBubble(t, "fail with ErrNotOpened, ReadMessageCount too", func(t *testing.T) {
		queue := openQueue(t, slowToCount{newFakeStorage(queues.Traits{})})
		counted := make(chan error, 1)
		go func() {
			_, err := queue.ReadMessageCount()
			counted <- err
		}()
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		err := <-counted
		require.ErrorIs(t, err, queues.ErrNotOpened)
		require.NotErrorIs(t, err, context.Canceled)
	})
}
