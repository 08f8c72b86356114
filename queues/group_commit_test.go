package queues_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// committing is a server that performs groups, each when it is told to, and writes them down. What it makes of "a" is "a!".
type committing struct {
	commit  queues.GroupCommit[string]
	proceed chan error // ends a group, with that error
	groups  chan []string
}

// newCommitting makes one, after set has set bounds.
func newCommitting(t *testing.T, set func(*queues.GroupCommit[string])) *committing {
	t.Helper()
	c := &committing{proceed: make(chan error), groups: make(chan []string, 100)}
	c.commit.Commit = c.perform
	if set != nil {
		set(&c.commit)
	}
	t.Cleanup(c.commit.Close)
	return c
}

func (c *committing) perform(group []*queues.GroupCall[string]) {
	values := make([]string, len(group))
	for i, call := range group {
		values[i] = call.Value
	}
	c.groups <- values
	err := <-c.proceed
	for _, call := range group {
		call.Value += "!"
		call.Finish(err)
	}
}

// outcome is what Do has returned.
type outcome struct {
	value string
	err   error
}

// call begins calls, one after the other, and returns what they will have returned, in this order.
func (c *committing) call(ctx context.Context, values ...string) []<-chan outcome {
	outcomes := make([]<-chan outcome, len(values))
	for i, value := range values {
		returned := make(chan outcome, 1)
		outcomes[i] = returned
		go func() {
			value, err := c.commit.Do(ctx, value)
			returned <- outcome{value, err}
		}()
		synctest.Wait() // it stands in line
	}
	return outcomes
}

// finish ends the group that is under way, and has the next one begin.
func (c *committing) finish(err error) {
	c.proceed <- err
	synctest.Wait()
}

// begun returns the groups that have begun since it was asked last.
func (c *committing) begun() [][]string {
	var groups [][]string
	for len(c.groups) > 0 {
		groups = append(groups, <-c.groups)
	}
	return groups
}

func TestGroupCommit(t *testing.T) {
	t.Parallel()

	inBubble(t, "performs a call that is alone at once", func(t *testing.T) {
		c := newCommitting(t, nil)
		for _, value := range []string{"a", "b"} {
			returned := c.call(t.Context(), value)
			require.Equal(t, [][]string{{value}}, c.begun())
			c.finish(nil)
			require.Equal(t, outcome{value + "!", nil}, <-returned[0])
		}
	})

	inBubble(t, "performs together, in their order, the calls that come while a group is under way", func(t *testing.T) {
		c := newCommitting(t, nil)
		returned := c.call(t.Context(), "a", "b", "c", "d")
		require.Equal(t, [][]string{{"a"}}, c.begun())
		c.finish(nil)
		require.Equal(t, outcome{"a!", nil}, <-returned[0])
		require.Equal(t, [][]string{{"b", "c", "d"}}, c.begun())
		c.finish(errRefused)
		for i, value := range []string{"b!", "c!", "d!"} {
			require.Equal(t, outcome{value, errRefused}, <-returned[i+1])
		}
	})

	inBubble(t, "bounds a group by number", func(t *testing.T) {
		c := newCommitting(t, func(g *queues.GroupCommit[string]) { g.MaxCalls = 2 })
		c.call(t.Context(), "a", "b", "c", "d", "e", "f")
		for range 4 {
			c.finish(nil)
		}
		require.Equal(t, [][]string{{"a"}, {"b", "c"}, {"d", "e"}, {"f"}}, c.begun())
	})

	inBubble(t, "bounds a group by size; what is too large goes alone", func(t *testing.T) {
		c := newCommitting(t, func(g *queues.GroupCommit[string]) {
			g.MaxSize, g.Size = 3, func(value string) int { return len(value) }
		})
		c.call(t.Context(), "a", "b", "cc", "d", "eeee", "f", "g")
		for range 5 {
			c.finish(nil)
		}
		require.Equal(t, [][]string{{"a"}, {"b", "cc"}, {"d"}, {"eeee"}, {"f", "g"}}, c.begun())
	})

	inBubble(t, "lets a caller go when its ctx ends, and does not perform what had not begun", func(t *testing.T) {
		c := newCommitting(t, func(g *queues.GroupCommit[string]) {
			g.MaxCalls, g.MaxSize, g.Size = 2, 2, func(value string) int { return len(value) }
		})
		ctx, cancel := context.WithCancel(t.Context())
		c.call(t.Context(), "a")
		gone := c.call(ctx, "b")
		rest := c.call(t.Context(), "c", "d")
		cancel()
		require.Equal(t, outcome{"", context.Canceled}, <-gone[0])
		c.finish(nil)
		c.finish(nil)
		require.Equal(t, [][]string{{"a"}, {"c", "d"}}, c.begun(), "who has gone takes nobody's place")
		for i, value := range []string{"c!", "d!"} {
			require.Equal(t, outcome{value, nil}, <-rest[i])
		}
	})

	inBubble(t, "lets a caller go whose group is under way, and tells Commit so", func(t *testing.T) {
		began, proceed := make(chan struct{}), make(chan struct{})
		var gone, finished []bool
		g := queues.GroupCommit[string]{Commit: func(group []*queues.GroupCall[string]) {
			began <- struct{}{}
			<-proceed
			for _, call := range group {
				gone = append(gone, call.Gone())
				call.Value = "nobody's"
				finished = append(finished, call.Finish(nil))
			}
		}}
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan outcome)
		go func() {
			value, err := g.Do(ctx, "a")
			returned <- outcome{value, err}
		}()
		<-began
		cancel()
		require.Equal(t, outcome{"", context.Canceled}, <-returned)
		close(proceed)
		g.Close()
		require.Equal(t, []bool{true}, gone)
		require.Equal(t, []bool{false}, finished)
	})

	inBubble(t, "has as many groups under way as there are workers", func(t *testing.T) {
		c := newCommitting(t, func(g *queues.GroupCommit[string]) { g.MaxCalls, g.Workers = 1, 3 })
		returned := c.call(t.Context(), "a", "b", "c", "d", "e")
		require.Equal(t, [][]string{{"a"}, {"b"}, {"c"}}, c.begun())
		c.finish(nil)
		c.finish(nil)
		require.Equal(t, [][]string{{"d"}, {"e"}}, c.begun())
		for range 3 {
			c.finish(nil)
		}
		for i, value := range []string{"a!", "b!", "c!", "d!", "e!"} {
			require.Equal(t, outcome{value, nil}, <-returned[i])
		}
		c.call(t.Context(), "f", "g", "h")
		require.Equal(t, [][]string{{"f"}, {"g"}, {"h"}}, c.begun(), "workers that were idle")
		for range 3 {
			c.finish(nil)
		}
	})

	inBubble(t, "performs what waits before it closes, and nothing after that", func(t *testing.T) {
		c := newCommitting(t, nil)
		returned := c.call(t.Context(), "a", "b")
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			c.commit.Close()
		}()
		synctest.Wait()
		require.Equal(t, outcome{"", queues.ErrNotOpened}, <-c.call(t.Context(), "c")[0])
		c.finish(nil)
		select {
		case <-closed:
			require.Fail(t, "closed with a group under way")
		default:
		}
		c.finish(nil)
		<-closed
		require.Equal(t, [][]string{{"a"}, {"b"}}, c.begun())
		require.Equal(t, outcome{"a!", nil}, <-returned[0])
		require.Equal(t, outcome{"b!", nil}, <-returned[1])
	})

	inBubble(t, "closes though nobody has called, and closes again", func(t *testing.T) {
		var g queues.GroupCommit[string]
		g.Close()
		g.Close()
		_, err := g.Do(t.Context(), "a")
		require.ErrorIs(t, err, queues.ErrNotOpened)
	})
}

// TestGroupCommitLingers has two callers who call again at once, by a detour that giving way once is too short for.
func TestGroupCommitLingers(t *testing.T) {
	t.Parallel()
	const calls, detour = 200, 20
	together := func(linger bool) int {
		var pairs atomic.Int64
		synctest.Test(t, func(*testing.T) { // where the clock stands still meanwhile
			g := queues.GroupCommit[int]{Linger: linger, Commit: func(group []*queues.GroupCall[int]) {
				time.Sleep(time.Millisecond) // for the server
				if len(group) == 2 {
					pairs.Add(1)
				}
				for _, call := range group {
					call.Finish(nil)
				}
			}}
			defer g.Close()
			var callers sync.WaitGroup
			for range 2 {
				callers.Go(func() {
					for i := range calls {
						for range detour {
							runtime.Gosched()
						}
						_, _ = g.Do(context.Background(), i)
					}
				})
			}
			callers.Wait()
		})
		return int(pairs.Load())
	}
	require.Greater(t, together(true), calls*3/4)
	require.Less(t, together(false), calls/2)
}

// TestGroupCommitLosesNothing has callers who lose their patience at any time.
func TestGroupCommitLosesNothing(t *testing.T) {
	t.Parallel()
	var performed, nobodys, largest atomic.Int64
	g := queues.GroupCommit[int]{MaxCalls: 5, Workers: 2, Linger: true, Commit: func(group []*queues.GroupCall[int]) {
		largest.Store(max(largest.Load(), int64(len(group))))
		for range rand.IntN(3) {
			runtime.Gosched()
		}
		for _, call := range group {
			performed.Add(1)
			call.Value++
			if !call.Finish(nil) {
				nobodys.Add(1)
			}
		}
	}}
	var callers sync.WaitGroup
	var got, left atomic.Int64
	for range 16 {
		callers.Go(func() {
			for i := range 500 {
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(100*time.Microsecond))
				value, err := g.Do(ctx, i)
				cancel()
				switch {
				case err == nil && value == i+1:
					got.Add(1)
				case errors.Is(err, context.DeadlineExceeded) && value == 0:
					left.Add(1)
				}
			}
		})
	}
	callers.Wait()
	g.Close()
	require.Equal(t, int64(16*500), got.Load()+left.Load(), "each call has what it was told, or goes without")
	require.Equal(t, performed.Load(), got.Load()+nobodys.Load(), "each that was performed is somebody's, or known to be nobody's")
	require.NotZero(t, got.Load())
	require.LessOrEqual(t, largest.Load(), int64(5))
}
