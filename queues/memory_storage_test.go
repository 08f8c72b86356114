package queues

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// openStorage opens a storage in memory that takes limit messages; 0: any number.
func openStorage(t *testing.T, limit int, reject bool) *memoryStorage {
	t.Helper()
	s := newMemoryStorage()
	require.NoError(t, s.Open(t.Context(), StorageParams{MaxMessages: limit, RejectWhenFull: reject}))
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s
}

func message(id string) *MessageEnvelope {
	return &MessageEnvelope{MessageId: id, Message: []byte("payload of " + id)}
}

func put(t *testing.T, s *memoryStorage, ids ...string) {
	t.Helper()
	for _, id := range ids {
		require.NoError(t, s.Put(t.Context(), message(id)))
	}
}

// taken takes up to count messages and returns their ids and handles.
func taken(t *testing.T, s *memoryStorage, count int) (ids []string, handles map[string]any) {
	t.Helper()
	deliveries := make([]Delivery, count)
	n, err := s.Take(t.Context(), deliveries, false)
	require.NoError(t, err)
	ids, handles = []string{}, map[string]any{}
	for i := range n {
		ids = append(ids, deliveries[i].Message.MessageId)
		handles[deliveries[i].Message.MessageId] = deliveries[i].Handle
	}
	return ids, handles
}

func allTaken(t *testing.T, s *memoryStorage) []string {
	t.Helper()
	ids, _ := taken(t, s, 1000)
	return ids
}

func looked(t *testing.T, s *memoryStorage) []string {
	t.Helper()
	found, err := s.Look(t.Context(), 1000)
	require.NoError(t, err)
	ids := []string{}
	for _, envelope := range found {
		ids = append(ids, envelope.MessageId)
	}
	return ids
}

func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func TestMemoryStorageOrder(t *testing.T) {
	t.Parallel()

	inBubble(t, "is that of arrival", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a", "b")
		require.NoError(t, s.PutBatch(t.Context(), []*MessageEnvelope{message("c"), message("d")}))
		put(t, s, "e")
		require.Equal(t, []string{"a", "b", "c", "d", "e"}, looked(t, s))
		require.Equal(t, []string{"a", "b", "c", "d", "e"}, allTaken(t, s))
	})

	inBubble(t, "brings what is released back to its old place", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a", "b", "c", "d", "e")
		_, handles := taken(t, s, 4)
		for _, id := range []string{"d", "a", "c"} {
			require.NoError(t, s.Release(t.Context(), handles[id], true))
		}
		require.Equal(t, []string{"a", "c", "d", "e"}, looked(t, s))
		require.NoError(t, s.Release(t.Context(), handles["b"], false))
		require.Equal(t, []string{"a", "b", "c", "d", "e"}, looked(t, s))
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			ids, _ := taken(t, s, 1)
			require.Equal(t, []string{id}, ids)
		}
	})

	inBubble(t, "has what is sent with a delay at the end, when it is due", func(t *testing.T) {
		s := openStorage(t, 0, false)
		for id, delay := range map[string]time.Duration{"c": 3 * time.Second, "a": time.Second, "b": 2 * time.Second} {
			require.NoError(t, s.PutDelayed(t.Context(), message(id), delay))
		}
		put(t, s, "x")
		require.Equal(t, []string{"x"}, looked(t, s))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		put(t, s, "y")
		require.Equal(t, []string{"x", "a", "b", "y"}, looked(t, s))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"x", "a", "b", "y", "c"}, allTaken(t, s))
	})

	inBubble(t, "is that of sending for what is due together", func(t *testing.T) {
		s := openStorage(t, 0, false)
		want := []string{}
		for i := range 100 {
			want = append(want, fmt.Sprint(i))
			require.NoError(t, s.PutDelayed(t.Context(), message(want[i]), time.Second))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, want, allTaken(t, s))
	})

	inBubble(t, "brings what is released with a delay back to its old place, when it is due", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a", "b", "c")
		_, handles := taken(t, s, 2)
		require.NoError(t, s.ReleaseDelayed(t.Context(), handles["a"], 2*time.Second))
		require.NoError(t, s.ReleaseDelayed(t.Context(), handles["b"], time.Second))
		require.Equal(t, []string{"c"}, looked(t, s))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"b", "c"}, looked(t, s))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "c"}, looked(t, s))
	})

	inBubble(t, "counts deliveries that count", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a")
		deliveries := make([]Delivery, 1)
		for _, test := range []struct {
			counted bool
			want    int
		}{{true, 1}, {false, 2}, {false, 2}, {true, 2}, {true, 3}} {
			n, err := s.Take(t.Context(), deliveries, false)
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.Equal(t, test.want, deliveries[0].Count)
			require.NoError(t, s.Release(t.Context(), deliveries[0].Handle, test.counted))
		}
	})
}

func TestMemoryStorageWaiting(t *testing.T) {
	t.Parallel()

	inBubble(t, "hands a message to the one that has waited longest, straight away", func(t *testing.T) {
		s := openStorage(t, 0, false)
		started := time.Now()
		got := make(chan string, 3)
		for taker := range 3 {
			go func() {
				deliveries := make([]Delivery, 5)
				n, err := s.Take(t.Context(), deliveries, true)
				got <- fmt.Sprint(taker, n, deliveries[0].Message.MessageId, err)
			}()
			synctest.Wait()
		}
		for i, id := range []string{"a", "b", "c"} {
			put(t, s, id)
			require.Equal(t, fmt.Sprint(i, 1, id, nil), <-got)
		}
		require.Zero(t, time.Since(started))
	})

	inBubble(t, "wakes takers for what comes back, comes later, or comes in a batch", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a", "b")
		_, handles := taken(t, s, 2)
		got := make(chan string, 10)
		take := func() {
			go func() {
				deliveries := make([]Delivery, 1)
				if n, _ := s.Take(t.Context(), deliveries, true); n == 1 {
					got <- deliveries[0].Message.MessageId
				}
			}()
			synctest.Wait()
		}
		take()
		require.NoError(t, s.Release(t.Context(), handles["a"], true))
		require.Equal(t, "a", <-got)
		take()
		require.NoError(t, s.ReleaseDelayed(t.Context(), handles["b"], time.Second))
		require.Equal(t, "b", <-got)
		take()
		require.NoError(t, s.PutDelayed(t.Context(), message("c"), time.Second))
		require.Equal(t, "c", <-got)
		take()
		take()
		require.NoError(t, s.PutBatch(t.Context(), []*MessageEnvelope{message("d"), message("e")}))
		require.ElementsMatch(t, []string{"d", "e"}, []string{<-got, <-got})
	})

	inBubble(t, "ends with ctx, and loses no message that comes at that moment", func(t *testing.T) {
		s := openStorage(t, 0, false)
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan int, 1)
			go func() {
				n, _ := s.Take(ctx, make([]Delivery, 1), true)
				got <- n
			}()
			synctest.Wait()
			go cancel()
			put(t, s, "a")
			require.Equal(t, 1, <-got+len(allTaken(t, s)))
		}
	})

	inBubble(t, "ends with Close", func(t *testing.T) {
		s := openStorage(t, 1, false)
		taker, giver := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := s.Take(t.Context(), make([]Delivery, 1), true)
			taker <- err
		}()
		synctest.Wait()
		require.NoError(t, s.Close(t.Context()))
		require.ErrorIs(t, <-taker, ErrNotOpened)

		require.NoError(t, s.Open(t.Context(), StorageParams{MaxMessages: 1}))
		put(t, s, "a")
		go func() { giver <- s.Put(t.Context(), message("b")) }()
		synctest.Wait()
		require.NoError(t, s.Close(t.Context()))
		require.ErrorIs(t, <-giver, ErrNotOpened)
	})
}

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

func TestMemoryStoragePurge(t *testing.T) {
	t.Parallel()

	inBubble(t, "removes what is ready or delayed, and what is taken when it comes back", func(t *testing.T) {
		s := openStorage(t, 10, true)
		put(t, s, "completed", "released", "released uncounted", "released later", "ready", "returned")
		_, handles := taken(t, s, 6)
		require.NoError(t, s.Release(t.Context(), handles["returned"], true))
		require.NoError(t, s.PutDelayed(t.Context(), message("delayed"), time.Second))
		require.NoError(t, s.Purge(t.Context()))
		require.Equal(t, 5, heldBy(s))
		put(t, s, "new")
		require.NoError(t, s.Complete(t.Context(), handles["completed"]))
		require.NoError(t, s.Release(t.Context(), handles["released"], true))
		require.NoError(t, s.Release(t.Context(), handles["released uncounted"], false))
		require.NoError(t, s.ReleaseDelayed(t.Context(), handles["released later"], time.Second))
		require.NoError(t, s.Complete(t.Context(), handles["ready"]))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"new"}, looked(t, s))
		require.Equal(t, 1, heldBy(s))
	})

	inBubble(t, "of what is purged already leaves new messages alone", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "old")
		_, old := taken(t, s, 1)
		require.NoError(t, s.Purge(t.Context()))
		put(t, s, "new")
		_, handles := taken(t, s, 1)
		require.NoError(t, s.Release(t.Context(), old["old"], true))
		require.NoError(t, s.Release(t.Context(), handles["new"], true))
		require.Equal(t, []string{"new"}, allTaken(t, s))
	})
}

func TestMemoryStorageClosed(t *testing.T) {
	t.Parallel()

	inBubble(t, "refuses everything", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a")
		_, handles := taken(t, s, 1)
		require.NoError(t, s.Close(t.Context()))
		ctx := t.Context()
		_, took := s.Take(ctx, make([]Delivery, 1), false)
		_, looked := s.Look(ctx, 1)
		_, counted := s.Count(ctx)
		for _, err := range []error{
			took, looked, counted, s.Put(ctx, message("x")), s.PutDelayed(ctx, message("x"), time.Second),
			s.PutBatch(ctx, []*MessageEnvelope{message("x")}), s.Complete(ctx, handles["a"]), s.Release(ctx, handles["a"], true),
			s.ReleaseDelayed(ctx, handles["a"], time.Second), s.Purge(ctx),
		} {
			require.ErrorIs(t, err, ErrNotOpened)
		}
	})

	inBubble(t, "keeps messages, and those that get due meanwhile are there when it opens", func(t *testing.T) {
		s := openStorage(t, 0, false)
		put(t, s, "a")
		for id, delay := range map[string]time.Duration{"c": 3 * time.Second, "b": time.Second, "d": time.Hour} {
			require.NoError(t, s.PutDelayed(t.Context(), message(id), delay))
		}
		require.NoError(t, s.Close(t.Context()))
		time.Sleep(time.Minute)
		require.NoError(t, s.Open(t.Context(), StorageParams{}))
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "c"}, looked(t, s))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "c", "d"}, looked(t, s))
	})
}

func TestMemoryStorageIsolation(t *testing.T) {
	t.Parallel()

	inBubble(t, "keeps messages apart that use the same memory in turn", func(t *testing.T) {
		s := openStorage(t, 0, false)
		var kept []*MessageEnvelope
		for i := range 1000 {
			sent := message(fmt.Sprint(i))
			sent.Headers = map[string]string{"number": fmt.Sprint(i)}
			require.NoError(t, s.Put(t.Context(), sent))
			peeked, err := s.Look(t.Context(), 1)
			require.NoError(t, err)
			deliveries := make([]Delivery, 1)
			_, err = s.Take(t.Context(), deliveries, false)
			require.NoError(t, err)
			original := s.Original(deliveries[0].Handle).Clone()
			require.NoError(t, s.Complete(t.Context(), deliveries[0].Handle))
			kept = append(kept, sent, peeked[0], &deliveries[0].Message, original)
		}
		for i, envelope := range kept {
			number := fmt.Sprint(i / 4)
			require.Equal(t, number, envelope.MessageId)
			require.Equal(t, "payload of "+number, string(envelope.Message))
			require.Equal(t, map[string]string{"number": number}, envelope.Headers)
		}
	})

	inBubble(t, "leaves nothing of a message in the one that uses its memory next", func(t *testing.T) {
		s := openStorage(t, 0, false)
		full := message("full")
		full.CorrelationId, full.MessageType, full.Headers = "123", "order", map[string]string{"a": "1"}
		full.SentTime = time.Now()
		take := func() *Delivery {
			deliveries := make([]Delivery, 1)
			_, err := s.Take(t.Context(), deliveries, false)
			require.NoError(t, err)
			return &deliveries[0]
		}
		for range 3 {
			require.NoError(t, s.Put(t.Context(), full))
			require.NoError(t, s.Release(t.Context(), take().Handle, true))
			require.NoError(t, s.Complete(t.Context(), take().Handle))

			require.NoError(t, s.Put(t.Context(), &MessageEnvelope{}))
			empty := take()
			require.Equal(t, MessageEnvelope{}, empty.Message)
			require.Equal(t, 1, empty.Count)
			require.NoError(t, s.Complete(t.Context(), empty.Handle))
		}
	})

	inBubble(t, "keeps an empty payload empty and a nil one nil", func(t *testing.T) {
		s := openStorage(t, 0, false)
		for range 3 {
			for _, payload := range [][]byte{nil, {}, []byte("x")} {
				require.NoError(t, s.Put(t.Context(), &MessageEnvelope{Message: payload}))
				deliveries := make([]Delivery, 1)
				_, err := s.Take(t.Context(), deliveries, false)
				require.NoError(t, err)
				require.Equal(t, payload, deliveries[0].Message.Message)
				require.NoError(t, s.Complete(t.Context(), deliveries[0].Handle))
			}
		}
	})
}

func TestMemoryStorageUnderLoad(t *testing.T) {
	t.Parallel()
	const senders, takers, each = 8, 8, 500
	s := openStorage(t, 10, false)
	got := make(chan string, senders*each)
	var work sync.WaitGroup
	for sender := range senders {
		work.Go(func() {
			for i := range each {
				if err := s.Put(t.Context(), message(fmt.Sprintf("%d-%03d", sender, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range takers {
		work.Go(func() {
			deliveries := make([]Delivery, 3)
			for len(got) < cap(got) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				n, _ := s.Take(ctx, deliveries, true)
				cancel()
				for i := range n {
					if deliveries[i].Count == 1 {
						_ = s.Release(t.Context(), deliveries[i].Handle, true)
						continue
					}
					id := deliveries[i].Message.MessageId
					_ = s.Complete(t.Context(), deliveries[i].Handle)
					got <- id
				}
			}
		})
	}
	work.Wait()
	close(got)
	ids := []string{}
	for id := range got {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), senders*each, "every message once")
	require.Zero(t, heldBy(s))
}

// The tests below look at the whole process, so they do not run in parallel with others.

func TestMemoryStorageGivesMemoryBack(t *testing.T) {
	if testing.Short() {
		t.Skip("needs some 300 MB and a few seconds")
	}
	const many = 1_000_000
	heap := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	// require.NoError takes a microsecond, which is much here.
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	s := openStorage(t, 0, false)
	before := heap()
	envelope := message("small")
	for i := range many {
		if i%2 == 0 {
			check(s.Put(ctx, envelope))
		} else {
			check(s.PutDelayed(ctx, envelope, time.Hour+time.Duration(i)))
		}
	}
	full := heap()
	require.Greater(t, full-before, int64(many*100), "the backlog is there")

	// Half of it is taken and completed, every tenth message after it was given back; the other half is purged.
	deliveries := make([]Delivery, 1000)
	handles := make([]any, 0, many/2)
	take := func(count int) {
		for handles = handles[:0]; len(handles) < count; {
			n, err := s.Take(ctx, deliveries, false)
			check(err)
			for i := range n {
				handles = append(handles, deliveries[i].Handle)
			}
		}
	}
	take(many / 2)
	for i, handle := range slices.Backward(handles) {
		if i%10 == 0 {
			check(s.Release(ctx, handle, true))
		} else {
			check(s.Complete(ctx, handle))
		}
	}
	take(many / 2 / 10)
	for _, handle := range handles {
		check(s.Complete(ctx, handle))
	}
	require.Equal(t, many/2, heldBy(s))
	check(s.Purge(ctx))
	deliveries, handles = nil, nil
	drained := heap()
	require.Less(t, drained-before, (full-before)/100, "%d bytes of %d are kept", drained-before, full-before)
	runtime.KeepAlive(s)
}

func TestMemoryQueueNeedsNoGoroutinePerMessage(t *testing.T) {
	const many = 10_000
	queue := NewMemoryMessageQueue("test")
	require.NoError(t, queue.Open(t.Context(), ""))
	before := runtime.NumGoroutine()
	for range many {
		if queue.Send(t.Context(), "", message("ready")) != nil || queue.SendDelayed(t.Context(), "", message("delayed"), time.Hour) != nil {
			t.Fatal("cannot send")
		}
	}
	for range many {
		if envelope, err := queue.Receive(t.Context(), "", 0); envelope == nil {
			t.Fatal("cannot receive", err)
		}
	}
	require.Less(t, runtime.NumGoroutine(), before+many/100, "neither for messages nor for delays nor for locks")
	require.NoError(t, queue.Close(t.Context(), ""))
}
