package queues_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func newGroupingStorage(locks queues.LockKeeper) (*fakeStorage, queues.Storage) {
	s := newFakeStorage(queues.Traits{Locks: locks})
	return s, struct {
		*fakeStorage
		withGroups
	}{s, withGroups{s}}
}

// slowToComplete is a storage that takes a while to complete, and gives up when ctx ends.
type slowToComplete struct {
	queues.BatchCompleter
	queues.Storage
	takes time.Duration
}

func (s slowToComplete) CompleteBatch(ctx context.Context, handles []any) []error {
	select {
	case <-time.After(s.takes):
		return s.BatchCompleter.CompleteBatch(ctx, handles)
	case <-ctx.Done():
		return slices.Repeat([]error{ctx.Err()}, len(handles))
	}
}

// hangsWhenCompleting is a storage that completes nothing, and needs a moment to notice that ctx has ended.
type hangsWhenCompleting struct {
	queues.Storage
	returned bool
}

func (s *hangsWhenCompleting) CompleteBatch(ctx context.Context, handles []any) []error {
	<-ctx.Done()
	time.Sleep(100 * time.Millisecond)
	s.returned = true
	return slices.Repeat([]error{ctx.Err()}, len(handles))
}

func TestCompletingInGroups(t *testing.T) {
	t.Parallel()

	inBubble(t, "takes what has been finished meanwhile together, while receivers go on", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		queue := openQueue(t, storage)
		release := s.blocks(t, "complete_batch")
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		s.has("a")
		pass(time.Second)
		s.has("b", "c", "d")
		pass(time.Second)
		require.Equal(t, []string{"complete_batch a"}, s.called("complete"))
		release()
		synctest.Wait()
		require.Equal(t, []string{"complete_batch a", "complete_batch b c d"}, s.called("complete"))
		require.Empty(t, s.holds())
	})

	inBubble(t, "counts each message", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		s.has("a", "b", "c")
		counters := newCounters()
		queue := closedQueue(t, storage)
		queue.SetReferences(t.Context(), referencesTo(t, counters))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.EqualValues(t, 3, counters.value("queue.orders.completed_messages"))
	})

	inBubble(t, "leaves those that failed to the end of their locks, and says so", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBroker)
		s.has("a", "b", "c")
		s.fails("in_group", nil, errAway)
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, storage, "lock_timeout", 30000)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", works(time.Millisecond))
		pass(time.Second)
		require.Equal(t, []string{"b 1*"}, s.holds())
		require.Contains(t, logger.text(), "Could not settle message b on queue orders")
		pass(30 * time.Second)
		require.Empty(t, s.holds(), "it has come again")
	})

	inBubble(t, "is quiet about a lock that was lost", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBroker)
		s.has("a")
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, storage)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		deliveries := 0
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			if deliveries++; deliveries == 1 {
				s.takesAway("a")
			}
			return nil
		}))
		pass(time.Second)
		require.Equal(t, []string{"stale in_group"}, s.called("stale"))
		require.Equal(t, 2, deliveries)
		require.Empty(t, s.holds())
		require.Empty(t, logger.text())
	})

	inBubble(t, "is over before the listener is", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		s.has("a", "b", "c")
		queue := openQueue(t, storage)
		release := s.blocks(t, "complete_batch")
		over := false
		go func() {
			_ = queue.Listen(t.Context(), "", works(0))
			over = true
		}()
		synctest.Wait()
		queue.EndListen(t.Context(), "")
		pass(time.Second)
		require.False(t, over)
		release()
		synctest.Wait()
		require.True(t, over)
		require.Empty(t, s.holds())
		require.Empty(t, s.called("release"))
	})

	inBubble(t, "is not cut short when a receiver closes the queue, whose ctx ends with its return", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, slowToComplete{storage.(queues.BatchCompleter), storage, 10 * time.Millisecond})
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
			func(ctx context.Context, _ *queues.MessageEnvelope, from queues.IMessageQueue) error {
				return from.Close(ctx, "")
			}))
		pass(time.Second)
		require.False(t, queue.IsOpen())
		require.Empty(t, s.holds())
		require.Empty(t, s.called("release"))
	})

	inBubble(t, "is waited for by Close, also when the broker answers no more", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		s.has("a")
		hung := &hangsWhenCompleting{Storage: storage}
		queue := openQueue(t, hung, "drain_timeout", 1000)
		queue.BeginListen(t.Context(), "", works(0))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.True(t, hung.returned, "nothing of the listener runs any more")
		require.Less(t, time.Since(started), 5*time.Second)
	})

	for name, bound := range map[string]struct{ trait, group int }{
		"":                                  {0, 256},
		", by groups as large as it wishes": {40, 40},
	} {
		inBubble(t, "holds receivers up when the broker takes too long"+name, func(t *testing.T) {
			s, storage := newGroupingStorage(queues.LocksByBase)
			s.traits.GroupMax = bound.trait
			s.has(numbered(1000)...)
			queue := openQueue(t, storage, "prefetch", 50)
			release := s.blocks(t, "complete_batch")
			started := 0
			queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
				started++
				return nil
			}))
			synctest.Wait()
			require.Greater(t, started, bound.group)
			require.LessOrEqual(t, started, 2*bound.group+2, "one group is under way, one waits, and who holds the next message")
			release()
			synctest.Wait()
			require.Equal(t, 1000, started)
			require.Empty(t, s.holds())
		})
	}

	inBubble(t, "is not for those that a receiver or a user completes", func(t *testing.T) {
		s, storage := newGroupingStorage(queues.LocksByBase)
		s.has("a", "b")
		queue := openQueue(t, storage)
		require.NoError(t, queue.Complete(t.Context(), receiveNow(t, queue)))
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
			func(ctx context.Context, envelope *queues.MessageEnvelope, from queues.IMessageQueue) error {
				return from.Complete(ctx, envelope)
			}))
		synctest.Wait()
		require.Equal(t, []string{"complete a", "complete b"}, s.called("complete"))
	})
}
