package queues

import (
	"context"
	"sync/atomic"
)

// callCount counts the calls that have messages between the storage and the lock table, where Close
// would not find them.
type callCount struct {
	_       cacheLine
	running atomic.Int64
	closed  atomic.Bool
	idle    chan struct{} // takes a signal when none is running, after close
	_       cacheLine
}

func newCallCount() *callCount { return &callCount{idle: make(chan struct{}, 1)} }

// enter begins a call, which ends with leave. It reports false once the count is closed.
func (c *callCount) enter() bool {
	c.running.Add(1)
	if c.closed.Load() {
		c.leave()
		return false
	}
	return true
}

func (c *callCount) leave() {
	if c.running.Add(-1) == 0 && c.closed.Load() {
		select {
		case c.idle <- struct{}{}:
		default:
		}
	}
}

// close lets no more calls begin, and waits until none is running or ctx ends.
func (c *callCount) close(ctx context.Context) {
	c.closed.Store(true)
	for c.running.Load() > 0 {
		select {
		case <-c.idle:
		case <-ctx.Done():
			return
		}
	}
}
