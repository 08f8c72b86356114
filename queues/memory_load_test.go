package queues

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
