package queues_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

var errFailed = errors.New("failed")

// slowToRelease is a storage that takes a while to release, and gives up when ctx ends.
type slowToRelease struct {
	*fakeStorage
	takes time.Duration
}

func (s slowToRelease) Release(ctx context.Context, handle any, counted bool) error {
	select {
	case <-time.After(s.takes):
		return s.fakeStorage.Release(ctx, handle, counted)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// taken lists what somebody holds.
func taken(s *fakeStorage) []string {
	return slices.DeleteFunc(s.holds(), func(text string) bool { return !strings.HasSuffix(text, "*") })
}

// works is a receiver that works for a time on every message, or until its ctx ends.
func works(forThisLong time.Duration) queues.IMessageReceiver {
	return receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
		select {
		case <-time.After(forThisLong):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func fails(context.Context, *queues.MessageEnvelope) error { return errFailed }

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
			return nil
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

func TestListenerWhoseBrokerFails(t *testing.T) {
	t.Parallel()

	inBubble(t, "tries again, ever more slowly, and is quick again after a success", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		for range 9 {
			s.fails("take", errAway)
		}
		s.has("a")
		received := make(chan string, 2)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			received <- envelope.MessageId
			return nil
		}))
		require.Equal(t, "a", <-received)
		ms := func(milliseconds ...int) (times []time.Duration) {
			for _, each := range milliseconds {
				times = append(times, time.Duration(each)*time.Millisecond)
			}
			return times
		}
		require.Equal(t, ms(0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300, 21300), s.when("take")[:10])
		require.Contains(t, logger.text(), "dialling broker.local")

		synctest.Wait()
		before := len(s.when("take"))
		s.fails("take", errAway)
		s.has("b")
		require.Equal(t, "b", <-received)
		again := s.when("take")[before:]
		require.Equal(t, 100*time.Millisecond, again[1]-again[0])
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "stops at once while it waits to try again", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		for range 100 {
			s.fails("take", errAway)
		}
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(0))
		pass(time.Minute)
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Zero(t, time.Since(started))
	})

	for name, sentinel := range map[string]error{
		"ErrNotSupported": queues.ErrNotSupported, "ErrBadConfig": queues.ErrBadConfig, "ErrNotOpened": queues.ErrNotOpened,
	} {
		inBubble(t, "gives up what no further attempt can mend: "+name, func(t *testing.T) {
			s := newFakeStorage(queues.Traits{})
			s.fails("take", fmt.Errorf("subscribing: %w", sentinel))
			queue := openQueue(t, s)
			require.ErrorIs(t, queue.Listen(t.Context(), "", works(0)), sentinel)
			require.Len(t, s.called("take"), 1)
		})
	}

	inBubble(t, "keeps a message whose settling fails until its lock runs out", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		s.fails("complete", errAway)
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s, "lock_timeout", 30000)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", works(time.Second))
		pass(31 * time.Second)
		require.Equal(t, []string{"complete a", "release a counted"}, s.called("complete", "release"))
		require.Contains(t, logger.text(), "Could not settle message a")
		pass(time.Second)
		require.Empty(t, s.holds())
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestPrefetching(t *testing.T) {
	t.Parallel()

	inBubble(t, "takes what the storage suggests beside the one to start, or what options.prefetch says", func(t *testing.T) {
		for _, test := range []struct {
			traits   queues.Traits
			settings []any
			want     string
		}{
			{queues.Traits{}, nil, "take 1"},
			{queues.Traits{Prefetch: 5}, nil, "take 6"},
			{queues.Traits{Prefetch: 5}, []any{"prefetch", 2}, "take 3"},
			{queues.Traits{}, []any{"prefetch", 2}, "take 3"},
		} {
			s := newFakeStorage(test.traits)
			s.has("a")
			queue := openQueue(t, s, test.settings...)
			queue.BeginListen(t.Context(), "", works(time.Hour))
			synctest.Wait()
			require.Equal(t, test.want, s.called("take")[0])
		}
	})

	inBubble(t, "takes ever more ahead, up to what the storage allows, while receivers are fast", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(40)...)
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.Equal(t, []string{"take 2", "take 3", "take 5", "take 7", "take 7", "take 7", "take 7", "take 7"}, s.called("take")[:8])
		require.Empty(t, s.holds())
	})

	inBubble(t, "takes ever fewer ahead, down to what the storage suggests, while receivers are slow", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(40)...)
		queue := openQueue(t, s)
		work := time.Millisecond
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.MessageId == "17" { // the last of those that come fast
				work = time.Second
			}
			time.Sleep(work)
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, []string{"take 2", "take 3", "take 5", "take 7", "take 4", "take 2", "take 2"}, s.called("take")[:7])
		require.Empty(t, s.holds())
	})

	inBubble(t, "does as options.prefetch says, however fast receivers are", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 1, PrefetchMax: 6})
		s.has(numbered(20)...)
		queue := openQueue(t, s, "prefetch", 3)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.Equal(t, []string{"take 4", "take 4", "take 4", "take 4", "take 4", "take 4"}, s.called("take"))
	})

	inBubble(t, "gives back uncounted what was not started when listening ends", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has("a", "b", "c", "d", "e")
		queue := openQueue(t, s, "prefetch", 3, "max_deliveries", 1)
		var started []string
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			started = append(started, envelope.MessageId)
			time.Sleep(time.Second)
			return nil
		}))
		synctest.Wait()
		require.Equal(t, []string{"a 1*", "b 1*", "c 1*", "d 1*", "e 0"}, s.holds())
		queue.EndListen(t.Context(), "")
		pass(time.Minute)
		require.Equal(t, []string{"a"}, started)
		require.Equal(t, []string{"b 0", "c 0", "d 0", "e 0"}, s.holds())
		require.Equal(t, []string{"complete a"}, s.called("complete"))
		require.Equal(t, "b", receiveNow(t, queue).MessageId)
	})

	inBubble(t, "gives back hundreds in time, also to a broker that takes 10 ms for each", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Ordered: true})
		s.has(numbered(250)...)
		queue := openQueue(t, slowToRelease{s, 10 * time.Millisecond}, "prefetch", 250)
		queue.BeginListen(t.Context(), "", works(time.Second))
		synctest.Wait()
		require.Len(t, taken(s), 250)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Empty(t, taken(s))
		require.Len(t, s.holds(), 249)
	})

	inBubble(t, "gives back uncounted what was not started when the queue closes", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 10})
		s.has("a", "b", "c", "d", "e")
		queue := openQueue(t, s, "listen_concurrency", 2)
		queue.BeginListen(t.Context(), "", works(time.Second))
		synctest.Wait()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"c 0", "d 0", "e 0"}, s.holds())
	})

	inBubble(t, "keeps the locks of what waits to be started", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a", "b", "c")
		queue := openQueue(t, storage, "prefetch", 2, "lock_timeout", 30000)
		queue.BeginListen(t.Context(), "", works(100*time.Second))
		pass(301 * time.Second)
		require.Equal(t, []string{"complete a", "complete b", "complete c"}, s.called("complete", "release", "stale"))
	})

	inBubble(t, "gives everything to receivers, in order", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Prefetch: 3})
		want := []string{}
		for i := range 10 {
			want = append(want, fmt.Sprint("m", i))
		}
		s.has(want...)
		queue := openQueue(t, s)
		got := []string{}
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			got = append(got, envelope.MessageId)
			return nil
		}))
		synctest.Wait()
		require.Equal(t, want, got)
	})
}

func TestStopping(t *testing.T) {
	t.Parallel()

	inBubble(t, "lets receivers in work finish within drain_timeout", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b")
		queue := openQueue(t, s, "drain_timeout", 10000)
		queue.BeginListen(t.Context(), "", works(9*time.Second))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, 9*time.Second, time.Since(started))
		require.Equal(t, []string{"b 0"}, s.holds())
	})

	inBubble(t, "ends their ctx after that and gives their messages back uncounted, whatever they return", func(t *testing.T) {
		for _, outcome := range []error{nil, errFailed, queues.NewPermanentError(errFailed)} {
			s, storage := newAbleStorage(queues.LocksByBase)
			s.has("a")
			queue := openQueue(t, storage, "drain_timeout", 10000, "max_deliveries", 1)
			var cause error
			queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return outcome
			}))
			synctest.Wait()
			started := time.Now()
			require.NoError(t, queue.Close(t.Context(), ""))
			require.Equal(t, 10*time.Second, time.Since(started))
			require.ErrorContains(t, cause, "drain_timeout")
			require.NotErrorIs(t, cause, queues.ErrLockLost)
			require.Equal(t, []string{"a 0"}, s.holds())
			require.Empty(t, s.called("release a counted", "complete", "bury", "stale"))
		}
	})

	inBubble(t, "by EndListen makes Listen return nil, whatever becomes of its ctx meanwhile", func(t *testing.T) {
		for _, test := range []struct {
			first, then string
			want        error
		}{
			{"EndListen", "ctx", nil},
			{"Close", "ctx", nil},
			{"ctx", "EndListen", context.Canceled},
			{"ctx", "Close", context.Canceled},
		} {
			s := newFakeStorage(queues.Traits{})
			s.has("a")
			queue := openQueue(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- queue.Listen(ctx, "", works(time.Second)) }()
			synctest.Wait()
			for _, what := range []string{test.first, test.then} {
				switch what {
				case "ctx":
					cancel()
				case "EndListen":
					queue.EndListen(t.Context(), "")
				case "Close":
					go func() { _ = queue.Close(context.Background(), "") }()
				}
				synctest.Wait()
			}
			require.Equal(t, test.want, <-ended, "%s, then %s", test.first, test.then)
			cancel()
		}
	})

	inBubble(t, "asks the broker for no more once it has begun", func(t *testing.T) {
		for _, prefetch := range []int{0, 3} {
			s := newFakeStorage(queues.Traits{Prefetch: prefetch})
			s.has("a")
			queue := openQueue(t, s)
			queue.BeginListen(t.Context(), "", works(time.Second))
			synctest.Wait()
			queue.EndListen(t.Context(), "")
			s.has("b")
			pass(time.Minute)
			require.Equal(t, []string{"b 0"}, s.holds())
			require.Len(t, s.called("take"), 1)
		}
	})

	inBubble(t, "does not wait longer than the ctx of Close", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s, "drain_timeout", 60000)
		queue.BeginListen(t.Context(), "", works(time.Hour))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, time.Second, time.Since(started))
		require.Equal(t, []string{"a 0"}, s.holds())
	})

	inBubble(t, "waits a moment for receivers that do not heed their ctx, and says so", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s, "drain_timeout", 1000)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			time.Sleep(time.Hour)
			return nil
		}))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.LessOrEqual(t, time.Since(started), 5*time.Second)
		require.Equal(t, []string{"a 0"}, s.holds())
		require.Contains(t, logger.text(), "do not return")
		pass(time.Hour)
		require.Equal(t, []string{"release a uncounted"}, s.called("release", "complete", "stale"))
	})

	inBubble(t, "takes no message that arrives after EndListen", func(t *testing.T) {
		for _, prefetch := range []int{0, 3} {
			s := newFakeStorage(queues.Traits{Prefetch: prefetch})
			queue := openQueue(t, s)
			queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
				t.Error("a message that came after EndListen was handed to the receiver")
				return nil
			}))
			synctest.Wait()
			queue.EndListen(t.Context(), "")
			s.has("a")
			synctest.Wait()
			require.Equal(t, []string{"a 0"}, s.holds())
			require.Equal(t, 1, receiveNow(t, queue).DeliveryCount)
		}
	})
}

func TestClosingWhileACallIsUnderWay(t *testing.T) {
	t.Parallel()

	inBubble(t, "loses no message that a Receive has just taken", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		proceed := s.blocks(t, "take")
		received := make(chan error, 1)
		go func() {
			envelope, err := queue.Receive(t.Context(), "", time.Minute)
			if envelope != nil {
				err = errors.New("the closed queue handed out a message")
			}
			received <- err
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = queue.Close(t.Context(), "")
		}()
		synctest.Wait()
		proceed()
		require.ErrorIs(t, <-received, queues.ErrNotOpened)
		<-closed
		require.Equal(t, []string{"a 0"}, s.holds(), "it is ready again when the queue is opened again")
	})

	inBubble(t, "loses no message that a Complete which fails was about to remove", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		envelope := receiveNow(t, queue)
		proceed := s.blocks(t, "complete")
		s.fails("complete", errAway)
		completed := make(chan error, 1)
		go func() { completed <- queue.Complete(t.Context(), envelope) }()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = queue.Close(t.Context(), "")
		}()
		synctest.Wait()
		proceed()
		require.Error(t, <-completed)
		<-closed
		require.Contains(t, s.called("release"), "release a uncounted", "it is given back before the storage closes")
		require.Equal(t, []string{"a 0"}, s.holds())
	})
}

func TestRetrying(t *testing.T) {
	t.Parallel()

	inBubble(t, "is the storage's to delay where it can", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage, "retry_delay", 1000, "retry_max_delay", 5000, "max_deliveries", 6)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(time.Minute)
		require.Equal(t, []string{
			"release_delayed a 1s", "release_delayed a 2s", "release_delayed a 4s", "release_delayed a 5s", "release_delayed a 5s",
			"bury a max_deliveries",
		}, s.called("release", "bury", "stale"))
	})

	inBubble(t, "is done by the base where the storage cannot: it keeps the message for that time", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		counters := newCounters()
		queue := closedQueue(t, s, "retry_delay", 1000, "retry_max_delay", 5000, "max_deliveries", 0)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		pass(18 * time.Second)
		require.Equal(t, []time.Duration{
			1 * time.Second, 3 * time.Second, 7 * time.Second, 12 * time.Second, 17 * time.Second,
		}, s.when("release a counted"))
		require.EqualValues(t, 6, counters.value("queue.orders.abandoned_messages"))
		require.Zero(t, counters.value("queue.orders.expired_locks"), "a message that waits for its retry has not lost its lock")
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"a 6"}, s.holds(), "a failed delivery counts, also when the queue closes before the retry")
	})

	inBubble(t, "goes on when the storage fails at the moment of the retry", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s, "retry_delay", 1000)
		deliveries := 0
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries++; deliveries == 1 {
				s.fails("release", errAway, errAway)
				return errFailed
			}
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, 2, deliveries)
		require.Empty(t, s.holds())
	})

	inBubble(t, "keeps the broker's lock when the base delays for longer than that", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBroker})
		s.has("a")
		queue := openQueue(t, struct {
			*fakeStorage
			withExtend
		}{s, withExtend{s}}, "lock_timeout", 10000, "retry_delay", 60000)
		var deliveries []time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries = append(deliveries, time.Since(started)); len(deliveries) == 1 {
				return errFailed
			}
			return nil
		}))
		pass(5 * time.Minute)
		require.Equal(t, []time.Duration{0, time.Minute}, deliveries)
		require.Empty(t, s.called("stale"), "the base does not settle what it has lost")
	})

	inBubble(t, "is at once for what a receiver abandons itself", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		var deliveries []time.Duration
		started := time.Now()
		queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope) error {
			if deliveries = append(deliveries, time.Since(started)); len(deliveries) == 1 {
				assert.NoError(t, queue.Abandon(ctx, envelope))
				return errFailed // the outcome of a message that the receiver has settled itself does not matter
			}
			return nil
		}))
		pass(time.Minute)
		require.Equal(t, []time.Duration{0, 0}, deliveries)
		require.Equal(t, []string{"release a counted", "complete a"}, s.called("release", "complete", "stale"))
	})

	inBubble(t, "logs a panic with its stack and abandons the message", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if envelope.DeliveryCount == 1 {
				panic("a 100% disaster")
			}
			return nil
		}))
		pass(time.Minute)
		require.Empty(t, s.holds())
		require.Contains(t, logger.text(), "a 100% disaster")
		require.Contains(t, logger.text(), "listener_test.go", "the stack leads to the receiver")
		require.NotContains(t, logger.text(), "%!")
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestReceiverThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()

	inBubble(t, "fails, and the listener goes on", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		var got []string
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			got = append(got, fmt.Sprint(envelope.MessageId, envelope.DeliveryCount))
			if envelope.MessageId == "a" && envelope.DeliveryCount == 1 {
				runtime.Goexit()
			}
			return nil
		}))
		send := func(id string) {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: id}))
		}
		send("a")
		send("b")
		pass(time.Minute)
		require.Equal(t, []string{"a1", "b1", "a2"}, got)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}
