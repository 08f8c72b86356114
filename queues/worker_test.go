package queues_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// slowExtend is a broker that is far away.
type slowExtend struct{ withExtend }

func (s slowExtend) Extend(ctx context.Context, handle any, timeout time.Duration) error {
	time.Sleep(100 * time.Millisecond)
	return s.withExtend.Extend(ctx, handle, timeout)
}

func TestLockOfAMessageInWork(t *testing.T) {
	t.Parallel()

	inBubble(t, "is renewed on the broker whenever half of it is over", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", works(100*time.Second))
		pass(101 * time.Second)
		require.Equal(t, []time.Duration{
			15 * time.Second, 30 * time.Second, 45 * time.Second, 60 * time.Second, 75 * time.Second, 90 * time.Second,
		}, s.when("extend a 30s"))
		require.Equal(t, []time.Duration{100 * time.Second}, s.when("complete a"))
		require.Empty(t, s.holds())
		pass(time.Minute)
		require.Len(t, s.called("extend"), 6, "nothing is renewed after the message is settled")
	})

	inBubble(t, "is kept by the base without a call where the broker has none", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", works(100*time.Second))
		pass(101 * time.Second)
		require.Equal(t, []string{"complete a"}, s.called("extend", "release", "complete", "stale"))
	})

	inBubble(t, "that cannot be renewed any more ends the receiver's ctx with ErrLockLost as cause", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		for range 100 {
			s.fails("extend", errAway)
		}
		queue := openQueue(t, storage, "lock_timeout", 30000)
		var cause error
		var ended time.Duration
		deliveries := 0
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			if deliveries++; deliveries == 1 {
				<-ctx.Done()
				ended, cause = time.Since(started), context.Cause(ctx)
			}
			return ctx.Err()
		}))
		pass(time.Minute)
		require.ErrorIs(t, cause, queues.ErrLockLost)
		require.Equal(t, 30*time.Second, ended)
		require.Equal(t, 2, deliveries)
		require.Len(t, s.called("complete"), 1, "of the second delivery; the first was the receiver's no more")
		require.Empty(t, s.called("stale"))
	})

	inBubble(t, "is renewed in time, however many there are and though each renewal takes long", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has(numbered(300)...)
		counters := newCounters()
		queue := closedQueue(t, struct {
			*fakeStorage
			slowExtend
		}{s, slowExtend{withExtend{s}}}, "listen_concurrency", 300, "lock_timeout", 30000)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", works(40*time.Second))
		pass(50 * time.Second)
		require.Empty(t, s.holds())
		require.Zero(t, counters.value("queue.orders.expired_locks"))
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "is renewed again before it ends when the broker failed once", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		s.fails("extend", errAway)
		queue := openQueue(t, storage, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", works(100*time.Second))
		pass(101 * time.Second)
		require.Equal(t, []string{"complete a"}, s.called("complete", "stale"))
		require.Empty(t, s.holds())
	})

	inBubble(t, "ends the receiver's ctx at once when the broker says that it is lost", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		var ended time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				<-ctx.Done()
				ended = time.Since(started)
			}
			return nil
		}))
		pass(time.Second)
		s.takesAway("a")
		pass(time.Minute)
		require.Equal(t, 15*time.Second, ended)
		require.Equal(t, []string{"stale extend"}, s.called("stale"))
	})

	inBubble(t, "is not renewed with auto_renew off", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newAbleStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage, "lock_timeout", 30000, "auto_renew", false)
			var causes []error
			queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
				if envelope.DeliveryCount == 1 {
					<-ctx.Done()
					causes = append(causes, context.Cause(ctx))
				}
				return nil
			}))
			pass(31 * time.Second)
			require.Equal(t, []error{queues.ErrLockLost}, causes)
			require.Empty(t, s.called("extend", "stale"))
			require.Empty(t, s.holds())
		}
	})

	inBubble(t, "ends when it ends on a broker that can neither extend nor do without", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has("a")
		queue := openQueue(t, s, "lock_timeout", 30000)
		require.False(t, queue.Capabilities().CanRenewLock())
		var cause error
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				<-ctx.Done()
				cause = context.Cause(ctx)
				assert.ErrorIs(t, queue.RenewLock(t.Context(), envelope, time.Minute), queues.ErrNotSupported)
			}
			return nil
		}))
		pass(31 * time.Second)
		require.ErrorIs(t, cause, queues.ErrLockLost)
	})

	inBubble(t, "does not end early when the receiver renewed it for longer", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if err := queue.RenewLock(ctx, envelope, 10*time.Minute); err != nil {
				return err
			}
			select {
			case <-time.After(30 * time.Minute):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
		pass(31 * time.Minute)
		require.Equal(t, []string{"complete a"}, s.called("complete", "release", "stale"))
		require.Empty(t, s.holds())
	})

	inBubble(t, "goes on being renewed when the receiver could not settle the message", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		s.fails("complete", errAway)
		queue := openQueue(t, storage, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount > 1 {
				return nil
			}
			assert.ErrorIs(t, queue.Complete(ctx, envelope), queues.ErrNoConnection)
			select {
			case <-time.After(5 * time.Minute):
				return queue.Complete(ctx, envelope)
			case <-ctx.Done():
				t.Error(context.Cause(ctx))
				return ctx.Err()
			}
		}))
		pass(6 * time.Minute)
		require.Equal(t, []string{"complete a", "complete a"}, s.called("complete", "release", "stale"))
		require.Empty(t, s.holds())
	})

	inBubble(t, "is left for one lock time-out when auto_complete is off and the receiver forgets it", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newAbleStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage, "lock_timeout", 30000, "auto_complete", false)
			var deliveries []time.Duration
			started := time.Now()
			queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
				deliveries = append(deliveries, time.Since(started))
				if envelope.DeliveryCount == 1 {
					time.Sleep(50 * time.Second)
					return nil
				}
				return queue.Complete(t.Context(), envelope)
			}))
			pass(3 * time.Minute)
			require.Len(t, deliveries, 2)
			if keeper == queues.LocksByBase {
				require.Equal(t, 80*time.Second, deliveries[1])
			} else {
				require.Equal(t, 75*time.Second, deliveries[1], "the last extension of the broker's lock was at 45 s")
			}
			require.Empty(t, s.holds())
		}
	})
}
