package queues

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryStorageBounds(t *testing.T) {
	t.Parallel()

	inBubble(t, "count messages in every state", func(t *testing.T) {
		s := openStorage(t, 3, true)
		put(t, s, "locked", "ready")
		_, handles := taken(t, s, 1)
		require.NoError(t, s.PutDelayed(t.Context(), message("delayed"), time.Hour))
		for _, err := range []error{
			s.Put(t.Context(), message("x")),
			s.PutDelayed(t.Context(), message("x"), time.Hour),
			s.PutBatch(t.Context(), []*MessageEnvelope{message("x")}),
		} {
			require.ErrorIs(t, err, ErrQueueFull)
		}
		require.NoError(t, s.Release(t.Context(), handles["locked"], true))
		require.ErrorIs(t, s.Put(t.Context(), message("x")), ErrQueueFull)
		_, handles = taken(t, s, 1)
		require.NoError(t, s.Complete(t.Context(), handles["locked"]))
		put(t, s, "x")
		require.ErrorIs(t, s.Put(t.Context(), message("y")), ErrQueueFull)
		require.NoError(t, s.Purge(t.Context()))
		put(t, s, "1", "2", "3")
	})

	inBubble(t, "take all of a batch or none", func(t *testing.T) {
		s := openStorage(t, 3, true)
		put(t, s, "a", "b")
		require.ErrorIs(t, s.PutBatch(t.Context(), []*MessageEnvelope{message("c"), message("d")}), ErrQueueFull)
		require.Equal(t, []string{"a", "b"}, looked(t, s))
	})

	inBubble(t, "make senders wait in order, each until there is room", func(t *testing.T) {
		s := openStorage(t, 1, false)
		put(t, s, "a")
		sent := make(chan string, 3)
		for _, id := range []string{"b", "c", "d"} {
			go func() {
				if s.Put(t.Context(), message(id)) == nil {
					sent <- id
				}
			}()
			synctest.Wait()
		}
		for i, id := range []string{"a", "b", "c"} {
			require.Len(t, sent, i)
			_, handles := taken(t, s, 1)
			require.Contains(t, handles, id)
			synctest.Wait()
			require.Len(t, sent, i, "a message that is taken is still there")
			require.NoError(t, s.Complete(t.Context(), handles[id]))
			synctest.Wait()
		}
		require.Equal(t, []string{"b", "c", "d"}, []string{<-sent, <-sent, <-sent})
	})

	inBubble(t, "make senders wait no longer than their ctx lives", func(t *testing.T) {
		s := openStorage(t, 1, false)
		put(t, s, "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.ErrorIs(t, s.Put(ctx, message("b")), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(started))
		require.Equal(t, []string{"a"}, looked(t, s))
	})

	inBubble(t, "let others by when the first in line needs more room than there is", func(t *testing.T) {
		s := openStorage(t, 3, false)
		put(t, s, "a", "b", "c")
		batch, single := make(chan error, 1), make(chan error, 1)
		go func() {
			batch <- s.PutBatch(t.Context(), []*MessageEnvelope{message("1"), message("2"), message("3")})
		}()
		synctest.Wait()
		go func() { single <- s.Put(t.Context(), message("d")) }()
		synctest.Wait()
		_, handles := taken(t, s, 1)
		require.NoError(t, s.Complete(t.Context(), handles["a"]))
		synctest.Wait()
		require.Len(t, single, 1, "there is room for one")
		require.NoError(t, s.Purge(t.Context()))
		require.NoError(t, <-batch)
	})

	inBubble(t, "refuse at once a batch that could never fit", func(t *testing.T) {
		s := openStorage(t, 1, false)
		require.ErrorIs(t, s.PutBatch(t.Context(), []*MessageEnvelope{message("1"), message("2")}), ErrQueueFull)
	})

	inBubble(t, "let all in that fit when much room is made at once", func(t *testing.T) {
		s := openStorage(t, 3, false)
		put(t, s, "a", "b", "c")
		var senders sync.WaitGroup
		for range 3 {
			senders.Go(func() { _ = s.Put(t.Context(), message("x")) })
		}
		synctest.Wait()
		require.NoError(t, s.Purge(t.Context()))
		senders.Wait()
		require.Equal(t, []string{"x", "x", "x"}, looked(t, s))
	})
}

// heldBy counts the messages that a storage holds, in any state.
func heldBy(s *memoryStorage) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gather()
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	locked := s.handed - s.in.completed.Load()
	held := s.ready() + s.delayed.Len() + int(locked)
	if s.in.countCompleted(); s.in.limit > 0 && s.in.held != held {
		return -1
	}
	return held
}
