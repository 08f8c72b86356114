package queues

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// GroupCommit performs calls that come at the same time together, for a storage whose server does many in one statement
// or script, with one commit, for little more than one costs. Calls that come while a group is under way are the next group:
// nobody waits longer for it than behind the others on the server, and a call that is alone goes at once, alone.
//
// T is what a call asks for, and what it gets. A GroupCommit is not copied. It starts its goroutines when calls come and ends
// them in Close.
type GroupCommit[T any] struct {
	// Commit performs the calls of a group, which are in the order in which they came, and finishes each of them. No
	// ctx of a caller ends it.
	Commit func(group []*GroupCall[T])

	MaxCalls int               // in a group; 0: no bound
	MaxSize  int               // of the values of a group, as Size tells it; what is larger goes alone; 0: no bound
	Size     func(value T) int // needed with MaxSize
	Workers  int               // groups that are under way at a time; 0: one
	Linger   bool              // wait a moment for callers who do nothing between two calls, as senders do

	mu      sync.Mutex
	waiting []*GroupCall[T]
	arrived *sync.Cond // a worker shall look; nil until the first call
	idle    int        // workers that wait for that
	running int        // workers
	closed  bool
	workers sync.WaitGroup
}

// GroupCall is one caller's part of a group.
type GroupCall[T any] struct {
	Value T // what Do was given; Commit writes what Do shall return

	ended atomic.Bool // by Finish, or by the caller, who has gone
	done  chan struct{}
	err   error // valid, as Value, when done is closed
}

// Gone tells whether the caller has gone. One that has not yet may do so at any time: what matters is what Finish reports.
func (c *GroupCall[T]) Gone() bool { return c.ended.Load() }

// Finish has Do return Value and err. It reports false if the caller has gone: then what was got for it is nobody's, and
// Commit gives it to somebody else, or back.
func (c *GroupCall[T]) Finish(err error) bool {
	if !c.ended.CompareAndSwap(false, true) {
		return false
	}
	c.err = err
	close(c.done)
	return true
}

// Do has value performed in a group, and returns what Commit has made of it. When ctx ends, Do returns its error at once: a
// call whose group has not begun by then is not performed; another may be, and Commit learns from Finish that nobody is
// there for it, so value must hold nothing that the caller may change. After Close it is ErrNotOpened.
func (g *GroupCommit[T]) Do(ctx context.Context, value T) (T, error) {
	var none T
	c := &GroupCall[T]{Value: value, done: make(chan struct{})}
	if !g.add(c) {
		return none, ErrNotOpened
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.ended.CompareAndSwap(false, true) {
			return none, ctx.Err()
		}
		<-c.done
	}
	return c.Value, c.err
}

// Close performs what waits still, and returns when no group is under way any more.
func (g *GroupCommit[T]) Close() {
	g.mu.Lock()
	g.closed = true
	if g.arrived != nil {
		g.arrived.Broadcast()
	}
	g.mu.Unlock()
	g.workers.Wait()
}

// add has a call stand in line, and sees to it that a worker is there for it. It reports false after Close.
func (g *GroupCommit[T]) add(c *GroupCall[T]) bool {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return false
	}
	if g.arrived == nil {
		g.arrived = sync.NewCond(&g.mu)
	}
	g.waiting = append(g.waiting, c)
	if len(g.waiting) > g.idle && g.running < max(1, g.Workers) {
		g.running++
		g.workers.Go(g.work)
	}
	g.mu.Unlock()
	g.arrived.Signal() // when who is woken can have mu
	return true
}

// work performs groups until g is closed and nobody waits.
func (g *GroupCommit[T]) work() {
	var group []*GroupCall[T]
	for g.wait() {
		if group = g.gather(group[:0]); len(group) > 0 {
			g.Commit(group)
			g.linger(len(group))
			clear(group)
		}
	}
}

// wait returns when somebody is waiting. It reports false if nobody will any more.
func (g *GroupCommit[T]) wait() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) == 0 && !g.closed {
		g.idle++
		g.arrived.Wait()
		g.idle--
	}
	return len(g.waiting) > 0
}

// gather adds to group those that wait and have not gone.
func (g *GroupCommit[T]) gather(group []*GroupCall[T]) []*GroupCall[T] {
	if g.MaxCalls != 1 {
		runtime.Gosched() // whom the last group has let go, and who is about to call again, comes along
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	taken, size := 0, 0
	for _, c := range g.waiting {
		if !c.Gone() {
			if g.MaxSize > 0 {
				size += g.Size(c.Value)
			}
			if len(group) > 0 && (len(group) == g.MaxCalls || size > g.MaxSize) {
				break
			}
			group = append(group, c)
		}
		taken++
	}
	g.waiting = slices.Delete(g.waiting, 0, taken)
	return group
}

// How long Linger is. Of 8 senders 7.9 are then in a group. They got through 1.3 times as many messages as when all give way
// once only, 1.05 times as many as with 32 times (PostgreSQL; 1.1 and 1.05 with Redis; a disk that costs nothing); a timer
// would be late by more than that. A clock may stand still, as in a bubble of synctest: hence the turns.
const (
	maxLinger      = 50 * time.Microsecond
	maxLingerTurns = 10_000
)

// linger waits a moment for those whom a group has let go: under load they are about to call again, and would miss the next
// group by a hair, so that there were always two that take turns. Who waits already does not wait long.
func (g *GroupCommit[T]) linger(returning int) {
	expected := returning + g.count()
	if g.MaxCalls > 0 {
		expected = min(expected, g.MaxCalls)
	}
	if !g.Linger || expected == 1 {
		return // nobody is there but one
	}
	began := time.Now()
	for turn := 0; turn < maxLingerTurns && g.count() < expected && time.Since(began) < maxLinger; turn++ {
		runtime.Gosched()
	}
}

func (g *GroupCommit[T]) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
