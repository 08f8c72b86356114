package queues_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestUnsubscribingThatFails(t *testing.T) {
	t.Parallel()
	inBubble(t, "leaves the queue subscribed", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		require.NoError(t, queue.Subscribe(t.Context(), ""))
		s.fails("unsubscribe", errAway)
		require.ErrorIs(t, queue.Unsubscribe(t.Context(), ""), queues.ErrNoConnection)
		envelope, err := queue.Receive(t.Context(), "", 0)
		require.NoError(t, err)
		require.Nil(t, envelope)
		require.NoError(t, queue.Unsubscribe(t.Context(), ""))
		require.Equal(t, []string{"subscribe", "unsubscribe", "unsubscribe"}, s.called("subscribe", "unsubscribe"))
	})
}

func openCached(t *testing.T, s queues.PushStorage, settings ...any) *queues.CachedMessageQueue {
	t.Helper()
	queue := queues.InheritCachedMessageQueue(nil, "orders", s)
	queue.Configure(t.Context(), options(settings...))
	opened(t, queue)
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "123")) })
	return queue
}

func receiveNone(t *testing.T, queue queues.IMessageQueue) {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.Nil(t, envelope)
}

func TestClosingACachedQueueThatSubscribes(t *testing.T) {
	t.Parallel()

	for name, heeds := range map[string]bool{"": true, " also over a storage that does not heed its ctx": false} {
		inBubble(t, "ends that, and the next Open begins anew"+name, func(t *testing.T) {
			s := slowToSubscribe{&fakePush{}, heeds, make(chan struct{})}
			queue := openCached(t, s)
			subscribed := make(chan error, 1)
			go func() { subscribed <- queue.Subscribe(t.Context(), "") }()
			synctest.Wait()
			started := time.Now()
			require.NoError(t, queue.Close(t.Context(), ""))
			require.LessOrEqual(t, time.Since(started), time.Second)
			if heeds {
				require.ErrorIs(t, <-subscribed, queues.ErrNotOpened)
			}
			close(s.gate) // a storage that is late says that it has subscribed
			synctest.Wait()
			opened(t, queue)
			require.NoError(t, queue.Subscribe(t.Context(), ""))
			require.NoError(t, s.push(t.Context(), "a", 1))
			require.Equal(t, "a", receiveNow(t, queue).MessageId)
		})
	}

	t.Run("at the same time is safe", func(t *testing.T) {
		t.Parallel()
		s := &fakePush{}
		queue := openCached(t, s)
		for range 1000 {
			var callers sync.WaitGroup
			callers.Go(func() { _ = queue.Subscribe(t.Context(), "") })
			callers.Go(func() { _ = queue.Unsubscribe(t.Context(), "") })
			require.NoError(t, queue.Close(t.Context(), ""))
			callers.Wait()
			require.NoError(t, queue.Open(t.Context(), ""))
			require.NoError(t, queue.Subscribe(t.Context(), ""))
			require.NoError(t, s.push(t.Context(), "a", 1))
			require.NoError(t, queue.Complete(t.Context(), receiveNow(t, queue)))
		}
	})
}

func TestCachedQueueSubscribes(t *testing.T) {
	t.Parallel()

	inBubble(t, "at the first Receive, once", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		require.Empty(t, s.called("subscribe"))
		for range 3 {
			receiveNone(t, queue)
		}
		require.Len(t, s.called("subscribe"), 1)
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.Equal(t, "a", receiveNow(t, queue).MessageId)
	})

	inBubble(t, "at the first Listen", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		received := make(chan string, 1)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			received <- envelope.MessageId
			return nil
		}))
		synctest.Wait()
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.Equal(t, "a", <-received)
		synctest.Wait()
		require.Equal(t, []string{"acknowledge a"}, s.called("acknowledge"))
	})

	inBubble(t, "once for many that come together", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		var receivers sync.WaitGroup
		for range 10 {
			receivers.Go(func() { _, _ = queue.Receive(t.Context(), "", time.Second) })
		}
		receivers.Wait()
		require.Len(t, s.called("subscribe"), 1)
	})

	inBubble(t, "at Open with autosubscribe", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.Equal(t, "a", receiveNow(t, queue).MessageId)
		require.Len(t, s.called("subscribe"), 1)
	})

	inBubble(t, "when told to, and stops when told to", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		require.NoError(t, queue.Subscribe(t.Context(), ""))
		require.NoError(t, queue.Subscribe(t.Context(), ""), "a no-op")
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.NoError(t, queue.Unsubscribe(t.Context(), ""))
		require.NoError(t, queue.Unsubscribe(t.Context(), ""), "a no-op")
		require.Equal(t, []string{"subscribe", "unsubscribe"}, s.called("subscribe", "unsubscribe"))
		require.Equal(t, "a", receiveNow(t, queue).MessageId, "what has come before is still there")
		require.Len(t, s.called("subscribe"), 1)
		receiveNone(t, queue)
		require.Len(t, s.called("subscribe"), 2, "who finds the buffer empty subscribes again")
	})

	inBubble(t, "again after it was opened again", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s)
		receiveNone(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.ErrorIs(t, queue.Subscribe(t.Context(), ""), queues.ErrNotOpened)
		require.ErrorIs(t, queue.Unsubscribe(t.Context(), ""), queues.ErrNotOpened)
		opened(t, queue)
		receiveNone(t, queue)
		require.Len(t, s.called("subscribe"), 2)
	})

	inBubble(t, "and says what failed, to try again the next time", func(t *testing.T) {
		s := &fakePush{}
		s.fails("subscribe", errAway, errAway, errAway)
		queue := queues.InheritCachedMessageQueue(nil, "orders", s)
		queue.Configure(t.Context(), options("autosubscribe", true))
		require.ErrorIs(t, queue.Open(t.Context(), ""), queues.ErrNoConnection)
		require.False(t, queue.IsOpen())
		require.Len(t, s.called("close"), 1)

		queue.Configure(t.Context(), nil)
		opened(t, queue)
		_, err := queue.Receive(t.Context(), "", time.Second)
		require.ErrorIs(t, err, queues.ErrNoConnection)
		err = queue.Subscribe(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "queue orders: no connection: subscribing")
		receiveNone(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestCachedQueueOverAbleSource(t *testing.T) {
	t.Parallel()

	inBubble(t, "keeps dead messages in a queue of its own kind if the source can make one", func(t *testing.T) {
		s := &fakeFamily{fakePush: &fakePush{}, sibling: &fakePush{}}
		queue := openCached(t, s, "autosubscribe", true)
		require.True(t, queue.Capabilities().CanDeadLetter())
		require.Equal(t, "orders.dead", s.name)
		require.NoError(t, s.push(t.Context(), "a", 1))
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		require.Equal(t, []string{"put a"}, s.sibling.called("put"))
		require.Equal(t, []string{"acknowledge a"}, s.called("acknowledge"))
		dead, err := queues.DeadLetters(queue)
		require.NoError(t, err)
		require.NoError(t, s.sibling.push(t.Context(), "a", 1))
		require.Equal(t, "payload of a", receiveNow(t, dead).GetMessageAsString())
	})

	inBubble(t, "hands out at once what the broker has on its way", func(t *testing.T) {
		s := &fakeFlusher{fakePush: &fakePush{}, onTheWay: []string{"a", "b"}}
		queue := openCached(t, s)
		require.Equal(t, "payload of a", receiveNow(t, queue).GetMessageAsString())
		require.Equal(t, "payload of b", receiveNow(t, queue).GetMessageAsString())
		receiveNone(t, queue)
		s.err = errAway
		_, err := queue.Receive(t.Context(), "", 0)
		require.ErrorIs(t, err, queues.ErrNoConnection)
	})

	inBubble(t, "does not ask the broker when it waits anyway", func(t *testing.T) {
		s := &fakeFlusher{fakePush: &fakePush{}, err: errAway}
		queue := openCached(t, s)
		envelope, err := queue.Receive(t.Context(), "", time.Second)
		require.NoError(t, err)
		require.Nil(t, envelope)
	})
}

func TestCachedQueueDeclares(t *testing.T) {
	t.Parallel()

	inBubble(t, "what a buffer in front of a broker can do", func(t *testing.T) {
		queue := openCached(t, &fakePush{traits: queues.Traits{Ordered: true, Durable: true, Locks: queues.LocksByBroker}})
		require.Equal(t, "send,receive,renew_lock,abandon,ordering,at_least_once,durable", queue.Capabilities().String())
		_, err := queue.Peek(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrNotSupported)
	})

	inBubble(t, "less for a broker that delivers at most once", func(t *testing.T) {
		queue := openCached(t, &fakePush{traits: queues.Traits{AtMostOnce: true}})
		require.Equal(t, "send,receive", queue.Capabilities().String())
	})

	inBubble(t, "its own options and those of its broker", func(t *testing.T) {
		s := &fakePush{}
		storage := struct {
			*fakePush
			withOption
		}{s, withOption{}}
		openCached(t, storage, "speed", 4, "autosubscribe", false)
		require.Equal(t, 4, s.params.Options.Int("options.speed"))
		require.False(t, s.params.Options.Bool(config.Autosubscribe))
		queue := queues.InheritCachedMessageQueue(nil, "orders", s)
		queue.Configure(t.Context(), options("speed", 4))
		require.ErrorIs(t, queue.Open(t.Context(), ""), queues.ErrBadConfig)
	})

	inBubble(t, "that it sends through the broker, not through the buffer", func(t *testing.T) {
		s := &fakePush{}
		queue := openCached(t, s, "autosubscribe", true)
		require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "a"}))
		require.Equal(t, []string{"put a"}, s.called("put"))
		receiveNone(t, queue)
		s.fails("put", errAway)
		require.ErrorIs(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "b"}), queues.ErrNoConnection)
	})

	t.Run("itself to receivers, when another queue embeds it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			type ownQueue struct{ *queues.CachedMessageQueue }
			own, s := &ownQueue{}, &fakePush{}
			own.CachedMessageQueue = queues.InheritCachedMessageQueue(own, "orders", s)
			opened(t, own)
			own.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
				func(_ context.Context, _ *queues.MessageEnvelope, source queues.IMessageQueue) error {
					assert.Same(t, own, source)
					return nil
				}))
			synctest.Wait()
			require.NoError(t, s.push(t.Context(), "a", 1))
			require.NoError(t, own.Close(t.Context(), ""))
			require.Len(t, s.called("close"), 1)
		})
	})
}
