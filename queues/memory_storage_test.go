package queues

import (
	"context"
	"fmt"
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
