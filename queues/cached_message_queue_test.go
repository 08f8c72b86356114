package queues_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fakePush is a broker that pushes what a test tells it to.
type fakePush struct {
	traits queues.Traits

	mu      sync.Mutex
	params  queues.StorageParams
	deliver func(ctx context.Context, message *queues.MessageEnvelope, count int, handle any) error
	calls   []string
	script  map[string][]error
	gate    chan struct{} // Acknowledge waits for it, if there is one
}

func (s *fakePush) enter(method string, details ...any) error {
	s.calls = append(s.calls, strings.TrimSpace(method+" "+fmt.Sprint(details...)))
	if errs := s.script[method]; len(errs) > 0 {
		s.script[method] = errs[1:]
		return errs[0]
	}
	return nil
}

func (s *fakePush) fails(method string, errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.script == nil {
		s.script = map[string][]error{}
	}
	s.script[method] = append(s.script[method], errs...)
}

func (s *fakePush) called(prefixes ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []string{}
	for _, call := range s.calls {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
			found = append(found, call)
		}
	}
	return found
}

// push delivers a message of that id, whose handle is its id too.
func (s *fakePush) push(ctx context.Context, id string, count int) error {
	s.mu.Lock()
	deliver := s.deliver
	s.mu.Unlock()
	if deliver == nil {
		return errors.New("nobody has subscribed")
	}
	message := &queues.MessageEnvelope{MessageId: id, Message: []byte("payload of " + id), Headers: map[string]string{"id": id}}
	err := deliver(ctx, message, count, id)
	spoilPushed(message) // a storage may use the envelope again
	return err
}

func spoilPushed(message *queues.MessageEnvelope) {
	message.MessageId, message.Message[0], message.Headers["id"] = "spoilt", 'X', "spoilt"
}

func (s *fakePush) Traits() queues.Traits { return s.traits }

func (s *fakePush) Open(_ context.Context, params queues.StorageParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.params = params
	return s.enter("open")
}

func (s *fakePush) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver = nil
	return s.enter("close")
}

func (s *fakePush) Put(_ context.Context, message *queues.MessageEnvelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter("put", message.MessageId)
}

func (s *fakePush) Subscribe(_ context.Context, deliver func(context.Context, *queues.MessageEnvelope, int, any) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("subscribe"); err != nil {
		return err
	}
	s.deliver = deliver
	return nil
}

func (s *fakePush) Unsubscribe(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("unsubscribe"); err != nil {
		return err
	}
	s.deliver = nil
	return nil
}

func (s *fakePush) Acknowledge(_ context.Context, handle any) error {
	s.mu.Lock()
	err := s.enter("acknowledge", handle)
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return err
}

// carefulPush is a broker that waits in Close until everything that it pushes is delivered, or refused.
type carefulPush struct {
	fakePush
	pushing sync.WaitGroup
}

func (s *carefulPush) Close(ctx context.Context) error {
	s.pushing.Wait()
	return s.fakePush.Close(ctx)
}

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

// slowToSubscribe is a broker that answers to Subscribe when a test lets it, or, if it heeds ctx, when that ends.
type slowToSubscribe struct {
	*fakePush
	heeds bool
	gate  chan struct{}
}

func (s slowToSubscribe) Subscribe(ctx context.Context, deliver func(context.Context, *queues.MessageEnvelope, int, any) error) error {
	err := s.fakePush.Subscribe(ctx, deliver)
	var ended <-chan struct{}
	if s.heeds {
		ended = ctx.Done()
	}
	select {
	case <-s.gate:
		return err
	case <-ended:
		return ctx.Err()
	}
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

// fakeFamily is a broker that pushes and can make another queue.
type fakeFamily struct {
	*fakePush
	sibling *fakePush
	name    string
}

func (s *fakeFamily) Sibling(name string) queues.PushStorage {
	s.name = name
	return s.sibling
}

// fakeFlusher is a broker that pushes what is on its way when it is asked to.
type fakeFlusher struct {
	*fakePush
	onTheWay []string
	err      error
}

func (s *fakeFlusher) Flush(ctx context.Context) error {
	for _, id := range s.onTheWay {
		if err := s.push(ctx, id, 1); err != nil {
			return err
		}
	}
	s.onTheWay = nil
	return s.err
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
