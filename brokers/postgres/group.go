package postgres

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// mostTogether bounds how many callers one statement serves.
const mostTogether = 100

// group gathers the calls that come while one is under way, and does them together: under load one statement
// and one commit serve many callers, and an idle queue is not slower for it. A caller whose ctx ends goes;
// what is done then is done without it.
type group[T any] struct {
	session  *session
	perform  func(calls []*call[T])
	patience time.Duration // with callers that call again at once

	mu      sync.Mutex
	waiting []*call[T]
	running bool
}

// call is one caller's part.
type call[T any] struct {
	value   T
	claimed atomic.Bool // by perform, which then ends it, or by the caller, who has gone
	done    chan struct{}
}

// claim is asked by perform before it hands over what it has got. It reports false if the caller has gone.
func (c *call[T]) claim() bool { return c.claimed.CompareAndSwap(false, true) }

// gone tells whether the caller has gone already.
func (c *call[T]) gone() bool { return c.claimed.Load() }

// finish lets the caller go on.
func (c *call[T]) finish() { close(c.done) }

// do has value performed together with others, and waits for it as long as ctx lives.
func (g *group[T]) do(ctx context.Context, value T) (T, error) {
	c := &call[T]{value: value, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	if !g.running {
		g.running = true
		g.session.calls.Add(1) // the caller's own holds the count above zero
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.claim() {
			return value, ctx.Err()
		}
		<-c.done
	}
	return c.value, nil
}

// run performs until nobody waits.
func (g *group[T]) run() {
	defer g.session.calls.Done()
	for expected := 0; ; {
		g.await(expected)
		g.mu.Lock()
		n := min(len(g.waiting), mostTogether)
		if n == 0 {
			g.running = false
			g.mu.Unlock()
			return
		}
		calls := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.mu.Unlock()
		g.perform(calls)
		expected = n
	}
}

// await waits a moment for those whom the last statement has let go: under load they are about to call again, and
// would miss the next one by a hair. Who waits already does not wait long.
func (g *group[T]) await(returning int) {
	if g.patience == 0 || returning == 0 {
		return
	}
	expected := returning + g.count()
	if expected == 1 {
		return // nobody is there but one
	}
	for began := time.Now(); g.count() < expected && time.Since(began) < g.patience; {
		runtime.Gosched()
	}
}

func (g *group[T]) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
