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

func TestCtxOfAReceiver(t *testing.T) {
	t.Parallel()

	inBubble(t, "means nothing any more in listeners that the receiver began, when it has returned", func(t *testing.T) {
		first, second := newFakeStorage(queues.Traits{}), newFakeStorage(queues.Traits{})
		first.has("a")
		one, two := openQueue(t, first), openQueue(t, second)
		done := make(chan struct{})
		one.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.MessageId == "b" {
				time.Sleep(3 * time.Second)
				return nil
			}
			two.BeginListen(context.WithoutCancel(ctx), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
				defer close(done)
				started := time.Now()
				assert.NoError(t, one.Close(ctx, ""))
				assert.Equal(t, 3*time.Second, time.Since(started), "Close waits for a receiver that is not its caller")
				assert.NoError(t, one.Open(ctx, ""))
				return nil
			}))
			return nil
		}))
		synctest.Wait()
		first.has("b")
		synctest.Wait()
		second.has("c")
		<-done
		require.True(t, one.IsOpen())
	})

	inBubble(t, "counts in receivers of other queues while its own is in work", func(t *testing.T) {
		first, second := newFakeStorage(queues.Traits{}), newFakeStorage(queues.Traits{})
		first.has("a")
		second.has("b")
		one, two := openQueue(t, first), openQueue(t, second)
		one.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			return two.Listen(ctx, "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
				started := time.Now()
				assert.NoError(t, one.Close(ctx, ""))
				assert.Zero(t, time.Since(started), "the receiver of one waits for this one")
				two.EndListen(ctx, "")
				return nil
			}))
		}))
		synctest.Wait()
		require.False(t, one.IsOpen())
		require.Equal(t, []string{"complete a"}, first.called("complete", "release"))
	})

	inBubble(t, "hurries no Close, also when the receiver has returned", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has("slow", "a")
		queue := openQueue(t, s, "listen_concurrency", 2)
		causes, left := make(chan error, 1), make(chan context.Context, 1)
		receiver := closes("", 5*time.Second, causes)
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
			func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
				if envelope.MessageId == "a" {
					left <- ctx
					return nil
				}
				return receiver.ReceiveMessage(ctx, envelope, queue)
			}))
		ctx := <-left
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, 5*time.Second, time.Since(started), "it is not from inside a receiver")
		require.NoError(t, <-causes)
	})

	inBubble(t, "may be that of BeginListen: listening does not end with it", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has("a", "b", "c")
		queue := openQueue(t, s)
		got := make(chan string, 3)
		var receiver queues.IMessageReceiver
		receiver = receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			got <- envelope.MessageId
			queue.EndListen(ctx, "")
			queue.BeginListen(ctx, "", receiver)
			return nil
		})
		queue.BeginListen(t.Context(), "", receiver)
		synctest.Wait()
		require.Len(t, got, 3)
		require.Empty(t, s.holds())
	})

	inBubble(t, "lends BeginListen the end of a ctx that was derived from it", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue, other := openQueue(t, s), openQueue(t, newFakeStorage(queues.Traits{}))
		received := make(chan string, 1)
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			within, cancel := context.WithTimeout(ctx, time.Second)
			context.AfterFunc(within, cancel)
			other.BeginListen(within, "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
				received <- envelope.MessageId
				return nil
			}))
			return nil
		}))
		pass(2 * time.Second)
		require.NoError(t, other.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "late"}))
		synctest.Wait()
		require.Empty(t, received)
	})
}

func TestReceiveBatchOfNothing(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		open bool
		want error
	}{
		"on a closed queue":       {t.Context(), false, queues.ErrNotOpened},
		"on an open one":          {t.Context(), true, nil},
		"with a ctx that is over": {ended, true, context.Canceled},
	} {
		if test.open {
			opened(t, queue)
		} else {
			require.NoError(t, queue.Close(t.Context(), ""))
		}
		got, err := queues.ReceiveBatch(test.ctx, queue, "", 0, 0)
		require.ErrorIs(t, err, test.want, name)
		require.NotNil(t, got, name)
		require.Empty(t, got, name)
	}
}
