package queues_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

var errAway = fmt.Errorf("dialling broker.local: %w", queues.ErrNoConnection)

// settlings are the ways to settle a message, by the name of the storage's method that each calls.
var settlings = map[string]func(context.Context, queues.IMessageQueue, *queues.MessageEnvelope) error{
	"complete": func(ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error {
		return queue.Complete(ctx, envelope)
	},
	"release": func(ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error {
		return queue.Abandon(ctx, envelope)
	},
	"release_delayed": func(ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error {
		return queues.AbandonDelayed(ctx, queue, envelope, time.Second)
	},
	"bury": func(ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error {
		return queue.MoveToDeadLetter(ctx, envelope)
	},
}

// newAbleStorage is a storage that can do all that settling can ask for.
func newAbleStorage(locks queues.LockKeeper) (*fakeStorage, queues.Storage) {
	s := newFakeStorage(queues.Traits{Locks: locks})
	return s, struct {
		*fakeStorage
		withExtend
		withDelay
		withLater
		withDead
		withBury
	}{s, withExtend{s}, withDelay{s}, withLater{s}, withDead{s}, withBury{s}}
}

func TestSettlingLate(t *testing.T) {
	t.Parallel()

	for method, settle := range settlings {
		inBubble(t, "is refused by the base before it reaches the storage: "+method, func(t *testing.T) {
			s, storage := newAbleStorage(queues.LocksByBroker)
			s.has("a", "b")
			queue := openQueue(t, storage, "lock_timeout", 30000)
			punctual, late := receiveNow(t, queue), receiveNow(t, queue)
			pass(30*time.Second - time.Millisecond)
			require.NoError(t, settle(t.Context(), queue, punctual))
			pass(time.Millisecond)
			require.ErrorIs(t, settle(t.Context(), queue, late), queues.ErrLockLost)
			require.Len(t, s.called(method), 1)
			require.Empty(t, s.called("stale"))
			require.NotNil(t, late.GetReference(), "what is not settled is not marked as settled")
			require.ErrorIs(t, settle(t.Context(), queue, late), queues.ErrLockLost)
		})
	}

	inBubble(t, "is refused to RenewLock too", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		envelope := receiveNow(t, queue)
		pass(30 * time.Second)
		require.ErrorIs(t, queue.RenewLock(t.Context(), envelope, time.Hour), queues.ErrLockLost)
		require.Empty(t, s.called("extend"))
	})

	inBubble(t, "does not disturb the present holder", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		former := receiveNow(t, queue)
		pass(30 * time.Second)
		present := receiveNow(t, queue)
		require.Equal(t, 2, present.DeliveryCount)
		require.ErrorIs(t, queue.Complete(t.Context(), former), queues.ErrLockLost)
		require.Equal(t, []string{"a 2*"}, s.holds())
		require.NoError(t, queue.Complete(t.Context(), present))
		require.Empty(t, s.holds())
	})

	inBubble(t, "is refused when the broker knows better than the base", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		envelope := receiveNow(t, queue)
		s.fails("complete", fmt.Errorf("acknowledging: %w", queues.ErrLockLost))
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
		require.Len(t, s.called("complete"), 1, "the base remembers that the lock is lost")
	})
}

func TestSettlingThatFails(t *testing.T) {
	t.Parallel()

	for method, settle := range settlings {
		inBubble(t, "keeps the message locked and can be tried again: "+method, func(t *testing.T) {
			s, storage := newAbleStorage(queues.LocksByBroker)
			s.has("a")
			queue := openQueue(t, storage)
			envelope := receiveNow(t, queue)
			s.fails(method, errAway)
			err := settle(t.Context(), queue, envelope)
			require.ErrorIs(t, err, queues.ErrNoConnection)
			require.ErrorContains(t, err, "orders")
			require.NotNil(t, envelope.GetReference())
			require.Equal(t, []string{"a 1*"}, s.holds())

			require.NoError(t, settle(t.Context(), queue, envelope))
			require.Nil(t, envelope.GetReference())
			require.NoError(t, settle(t.Context(), queue, envelope), "settling again is a no-op")
			require.Len(t, s.called(method), 2)
		})
	}

	inBubble(t, "leaves the lock its time", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newAbleStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage, "lock_timeout", 30000)
			envelope := receiveNow(t, queue)
			pass(10 * time.Second)
			s.fails("complete", errAway)
			require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrNoConnection)
			pass(20 * time.Second)
			require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
			require.Equal(t, []string{"a 1"}, s.holds())
		}
	})

	inBubble(t, "with an error that is no sentinel comes back with the queue's name", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		odd := errors.New("disk on fire")
		s.fails("complete", odd)
		err := queue.Complete(t.Context(), receiveNow(t, queue))
		require.ErrorIs(t, err, odd)
		require.ErrorContains(t, err, "queue orders")
	})
}

// heldExtend is a broker that answers when a test lets it.
type heldExtend struct {
	queues.Storage
	answer error
	goOn   chan struct{}
}

func (s heldExtend) Extend(context.Context, any, time.Duration) error {
	<-s.goOn
	return s.answer
}

func TestLockOfAReceivedMessage(t *testing.T) {
	t.Parallel()

	inBubble(t, "is renewed on the broker, which comes first", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		envelope := receiveNow(t, queue)
		pass(20 * time.Second)
		require.NoError(t, queue.RenewLock(t.Context(), envelope, time.Minute))
		require.NoError(t, queue.RenewLock(t.Context(), envelope, 0))
		require.Equal(t, []string{"extend a 1m0s", "extend a 30s"}, s.called("extend"))
		s.fails("extend", errAway)
		require.ErrorIs(t, queue.RenewLock(t.Context(), envelope, time.Hour), queues.ErrNoConnection)
		pass(30*time.Second - time.Millisecond)
		require.NoError(t, queue.Complete(t.Context(), envelope))
	})

	inBubble(t, "ends when it was to end if the broker did not renew it", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		envelope := receiveNow(t, queue)
		s.fails("extend", errAway)
		require.ErrorIs(t, queue.RenewLock(t.Context(), envelope, time.Hour), queues.ErrNoConnection)
		pass(30 * time.Second)
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
	})

	inBubble(t, "is lost for the base too when the broker says so to RenewLock", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		envelope := receiveNow(t, queue)
		s.fails("extend", fmt.Errorf("extending: %w", queues.ErrLockLost))
		require.ErrorIs(t, queue.RenewLock(t.Context(), envelope, time.Hour), queues.ErrLockLost)
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
		require.Empty(t, s.called("complete"))
	})

	inBubble(t, "is ended by the base where the broker has none", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has("a", "b")
		counters := newCounters()
		queue := closedQueue(t, storage, "lock_timeout", 30000)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		opened(t, queue)
		renewed := receiveNow(t, queue)
		envelope := receiveNow(t, queue)
		require.NoError(t, queue.RenewLock(t.Context(), renewed, time.Minute))
		require.Empty(t, s.called("extend"), "the base keeps this lock by itself")
		pass(30*time.Second - time.Millisecond)
		require.Equal(t, []string{"a 1*", "b 1*"}, s.holds())
		pass(time.Millisecond)
		require.Equal(t, []string{"a 1*", "b 1"}, s.holds())
		require.Equal(t, []string{"release b counted"}, s.called("release"))
		require.EqualValues(t, 1, counters.value("queue.orders.expired_locks"))
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
		require.Equal(t, 2, receiveNow(t, queue).DeliveryCount)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "that the base could not end is ended later, when the storage answers again", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		receiveNow(t, queue)
		s.fails("release", errAway)
		pass(10 * time.Minute)
		require.Equal(t, []string{"a 1"}, s.holds(), "nobody but the base can give it back")
	})

	inBubble(t, "need not be renewed while another goroutine settles the message", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newAbleStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage)
			envelope := receiveNow(t, queue)
			release := s.blocks(t, "complete")
			completed := make(chan error, 1)
			go func() { completed <- queue.Complete(t.Context(), envelope) }()
			synctest.Wait()
			require.NoError(t, queue.RenewLock(t.Context(), envelope, time.Hour))
			release()
			require.NoError(t, <-completed)
			require.Empty(t, s.called("extend", "stale"))
		}
	})

	inBubble(t, "need not be renewed when the message was settled while the broker was asked", func(t *testing.T) {
		for _, fails := range []error{nil, fmt.Errorf("extending: %w", queues.ErrLockLost), errAway} {
			s, storage := newAbleStorage(queues.LocksByBroker)
			s.has("a")
			held := heldExtend{storage, fails, make(chan struct{})}
			queue := openQueue(t, held)
			envelope := receiveNow(t, queue)
			renewed := make(chan error, 1)
			go func() { renewed <- queue.RenewLock(t.Context(), envelope, time.Hour) }()
			synctest.Wait()
			require.NoError(t, queue.Complete(t.Context(), envelope))
			close(held.goOn)
			require.NoError(t, <-renewed)
		}
	})

	inBubble(t, "is not renewed once the message is settled or was never received", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		envelope := receiveNow(t, queue)
		require.NoError(t, queue.Complete(t.Context(), envelope))
		require.NoError(t, queue.RenewLock(t.Context(), envelope, time.Hour))
		require.NoError(t, queue.RenewLock(t.Context(), queues.NewMessageEnvelope("", "", nil), time.Hour))
		require.Empty(t, s.called("extend", "stale"))
	})
}

func TestVoidDeliveries(t *testing.T) {
	t.Parallel()

	inBubble(t, "are lost, and the others are not", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a", "b")
		queue := openQueue(t, storage)
		gone, kept := receiveNow(t, queue), receiveNow(t, queue)
		s.params.Void(func(handle any) bool { return handle == 1 })
		require.ErrorIs(t, queue.Complete(t.Context(), gone), queues.ErrLockLost)
		require.ErrorIs(t, queue.RenewLock(t.Context(), gone, time.Hour), queues.ErrLockLost)
		require.NoError(t, queue.Complete(t.Context(), kept))
		require.Equal(t, []string{"complete b"}, s.called("complete", "release", "extend", "stale"))
	})

	inBubble(t, "end the ctx of the receivers that work on them, with ErrLockLost as cause", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a", "b")
		queue := openQueue(t, storage, "listen_concurrency", 2)
		ended := map[string]error{}
		finish := make(chan struct{})
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount > 1 {
				return nil
			}
			select {
			case <-ctx.Done():
				ended[envelope.MessageId] = context.Cause(ctx)
				return ctx.Err()
			case <-finish:
				return nil
			}
		}))
		synctest.Wait()
		s.params.Void(func(handle any) bool { return handle == 1 })
		synctest.Wait()
		require.Equal(t, map[string]error{"a": queues.ErrLockLost}, ended)
		close(finish)
		synctest.Wait()
		require.Equal(t, []string{"complete b"}, s.called("complete", "release", "stale"))
	})

	inBubble(t, "that wait for their retry are forgotten", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s, "retry_delay", 5000)
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			return errors.New("failed")
		}))
		synctest.Wait()
		s.params.Void(func(any) bool { return true })
		pass(time.Minute)
		require.Empty(t, s.called("release", "stale"))
	})
}

// slowlyClearable takes half a minute to purge.
type slowlyClearable struct {
	*fakeStorage
	withPurge
}

func (s slowlyClearable) Purge(ctx context.Context) error {
	select {
	case <-time.After(30 * time.Second):
		return s.withPurge.Purge(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestClear(t *testing.T) {
	t.Parallel()

	type clearable struct {
		*fakeStorage
		withPurge
	}

	inBubble(t, "completes what is held, whose holders then get ErrLockLost", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b", "c")
		queue := openQueue(t, clearable{s, withPurge{s}})
		envelope := receiveNow(t, queue)
		require.NoError(t, queue.Clear(t.Context(), ""))
		require.Empty(t, s.holds())
		require.Equal(t, []string{"purge", "complete a"}, s.called("purge", "complete"))
		require.ErrorIs(t, queue.Complete(t.Context(), envelope), queues.ErrLockLost)
	})

	inBubble(t, "that fails gives what is held back, as if it had not been received", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b")
		queue := openQueue(t, clearable{s, withPurge{s}})
		receiveNow(t, queue)
		s.fails("purge", errAway)
		require.ErrorIs(t, queue.Clear(t.Context(), ""), queues.ErrNoConnection)
		require.Equal(t, []string{"a 0", "b 0"}, s.holds())
		require.Equal(t, 1, receiveNow(t, queue).DeliveryCount)
	})

	inBubble(t, "takes as long as its ctx lives", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b")
		queue := openQueue(t, slowlyClearable{s, withPurge{s}})
		receiveNow(t, queue)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, queue.Clear(ctx, ""))
		require.Empty(t, s.holds())
		s.has("c", "d")
		receiveNow(t, queue)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, queue.Clear(ctx, ""), context.DeadlineExceeded)
		require.Equal(t, []string{"c 0", "d 0"}, s.holds())
	})

	inBubble(t, "says when a held message could not be removed", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b")
		queue := openQueue(t, clearable{s, withPurge{s}})
		receiveNow(t, queue)
		receiveNow(t, queue)
		s.fails("complete", errAway)
		require.ErrorIs(t, queue.Clear(t.Context(), ""), queues.ErrNoConnection)
		require.Len(t, s.called("complete"), 2, "the others are removed all the same")
	})
}

func TestReleasingLaterWhatTheStorageHasNoWayFor(t *testing.T) {
	t.Parallel()
	noWay := fmt.Errorf("so short a delay: %w", queues.ErrNotSupported)

	inBubble(t, "has the base keep the message locked, and release it when it is due", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newAbleStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage, "lock_timeout", 30000)
			envelope := receiveNow(t, queue)
			s.fails("release_delayed", noWay)
			require.NoError(t, queues.AbandonDelayed(t.Context(), queue, envelope, time.Minute))
			require.Nil(t, envelope.GetReference())
			require.NoError(t, queue.Complete(t.Context(), envelope), "it is settled")
			pass(time.Minute - time.Millisecond)
			require.Equal(t, []string{"a 1*"}, s.holds(), "though its lock time-out has passed")
			pass(time.Millisecond)
			require.Equal(t, []string{"a 1"}, s.holds())
			require.Equal(t, 2, receiveNow(t, queue).DeliveryCount)
			require.Empty(t, s.called("complete", "stale"))
		}
	})

	inBubble(t, "is asked of it each time", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has("a", "b")
		queue := openQueue(t, storage)
		s.fails("release_delayed", noWay)
		require.NoError(t, queues.AbandonDelayed(t.Context(), queue, receiveNow(t, queue), time.Second))
		require.NoError(t, queues.AbandonDelayed(t.Context(), queue, receiveNow(t, queue), time.Minute))
		require.Equal(t, []string{"release_delayed a 1s", "release_delayed b 1m0s"}, s.called("release_delayed"))
		require.Equal(t, []string{"a 1*", "b 1"}, s.holds())
	})

	inBubble(t, "is done by Close, as a delivery that counts", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage)
		s.fails("release_delayed", noWay)
		require.NoError(t, queues.AbandonDelayed(t.Context(), queue, receiveNow(t, queue), time.Minute))
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"a 1"}, s.holds())
	})

	inBubble(t, "is done for several at a time when they are due together", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has(numbered(40)...)
		queue := openQueue(t, storage)
		s.fails("release_delayed", slices.Repeat([]error{noWay}, 40)...)
		for range 40 {
			require.NoError(t, queues.AbandonDelayed(t.Context(), queue, receiveNow(t, queue), time.Second))
		}
		release := s.blocks(t, "release")
		pass(time.Second)
		require.Greater(t, len(s.called("release ")), 1, "the first does not hold up the others")
		release()
		synctest.Wait()
		for _, held := range s.holds() {
			require.NotContains(t, held, "*")
		}
	})
}
