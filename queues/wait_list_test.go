package queues

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// waiting is a wait list with callers that note the order in which they return.
type waiting struct {
	waitList
	mu       sync.Mutex
	returned []string
	callers  sync.WaitGroup
}

func (w *waiting) start(ctx context.Context, name string) {
	w.callers.Go(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.wait(ctx, &w.mu, func() bool { return false }); err != nil {
			name += " " + err.Error()
		}
		w.returned = append(w.returned, name)
	})
	synctest.Wait()
}

// do calls a method as its callers do, and returns who has returned from waiting since.
func (w *waiting) do(method func()) []string {
	w.mu.Lock()
	w.returned = []string{}
	method()
	w.mu.Unlock()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.returned
}

func TestWaitList(t *testing.T) {
	t.Parallel()
	inBubble := func(name string, test func(t *testing.T, w *waiting)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &waiting{}
				t.Cleanup(func() { // also when the test has failed: a bubble must not end with callers in it
					w.mu.Lock()
					w.wakeAll()
					w.mu.Unlock()
					w.callers.Wait()
				})
				test(t, w)
			})
		})
	}

	inBubble("wakes one at a time, the longest waiting first", func(t *testing.T, w *waiting) {
		for _, name := range []string{"a", "b", "c"} {
			w.start(t.Context(), name)
		}
		require.Equal(t, []string{"a"}, w.do(w.wakeOne))
		require.Equal(t, []string{"b"}, w.do(w.wakeOne))
		w.start(t.Context(), "d")
		require.Equal(t, []string{"c"}, w.do(w.wakeOne))
		require.Equal(t, []string{"d"}, w.do(w.wakeOne))
		require.Empty(t, w.do(w.wakeOne), "a signal that nobody waits for is not kept")
		w.start(t.Context(), "e")
		require.Equal(t, []string{"e"}, w.do(w.wakeOne))
	})

	inBubble("wakes everyone", func(t *testing.T, w *waiting) {
		for _, name := range []string{"a", "b", "c"} {
			w.start(t.Context(), name)
		}
		require.ElementsMatch(t, []string{"a", "b", "c"}, w.do(w.wakeAll))
		require.Empty(t, w.do(w.wakeAll))
	})

	inBubble("lets those go whose ctx ends, wherever they stand", func(t *testing.T, w *waiting) {
		for leaving, staying := range map[string][]string{"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}} {
			ctx, cancel := context.WithCancel(t.Context())
			for _, name := range []string{"a", "b", "c"} {
				if name == leaving {
					w.start(ctx, name)
				} else {
					w.start(t.Context(), name)
				}
			}
			require.Equal(t, []string{leaving + " context canceled"}, w.do(cancel))
			for _, name := range staying {
				require.Equal(t, []string{name}, w.do(w.wakeOne))
			}
		}
	})

	inBubble("hands a signal on that comes to one whose ctx has ended", func(t *testing.T, w *waiting) {
		ctx, cancel := context.WithCancel(t.Context())
		w.start(ctx, "a")
		w.start(t.Context(), "b")
		require.ElementsMatch(t, []string{"a context canceled", "b"}, w.do(func() {
			cancel() // what comes first ends the waiting
			w.wakeOne()
		}))
	})

	inBubble("gives a signal to one whose ctx ends right after", func(t *testing.T, w *waiting) {
		ctx, cancel := context.WithCancel(t.Context())
		w.start(ctx, "a")
		w.start(t.Context(), "b")
		require.Equal(t, []string{"a"}, w.do(func() {
			w.wakeOne()
			cancel()
		}))
		require.Equal(t, []string{"b"}, w.do(w.wakeOne))
	})

	inBubble("does not wait at all when ctx has ended", func(t *testing.T, w *waiting) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.start(ctx, "a")
		require.Equal(t, []string{"a context canceled"}, w.returned)
	})

	inBubble("keeps few waiters to use again, none with a signal left in it", func(t *testing.T, w *waiting) {
		for range 3 {
			for range maxSpareWaiters + 10 {
				w.start(t.Context(), "x")
			}
			require.Len(t, w.do(w.wakeAll), maxSpareWaiters+10)
			require.Equal(t, maxSpareWaiters, w.spares)
			for spare := w.spare; spare != nil; spare = spare.next {
				require.Empty(t, spare.woken)
				require.False(t, spare.listed)
			}
		}
	})

	t.Run("can be used by several lists, in bubbles and out of them", func(t *testing.T) {
		t.Parallel()
		for range 3 {
			synctest.Test(t, func(t *testing.T) {
				w := &waiting{}
				w.start(t.Context(), "a")
				require.Equal(t, []string{"a"}, w.do(w.wakeOne))
			})
		}
	})
}
