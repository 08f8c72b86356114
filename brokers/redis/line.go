package redis

import (
	"context"
	"sync"
	"sync/atomic"
)

// line is where callers queue up for a script that serves many at a time: those that come while its
// workers are busy go together. A caller whose ctx ends goes; what is done then is done without it.
type line[T any] struct {
	calls    chan *call[T]
	most     int // calls done together
	mostSize int // and of what size together, more or less
	perform  func(calls []*call[T])
}

func newLine[T any](most, mostSize int, perform func(calls []*call[T])) *line[T] {
	return &line[T]{calls: make(chan *call[T], most), most: most, mostSize: mostSize, perform: perform}
}

// call is one caller's part.
type call[T any] struct {
	value T
	size  int

	taken atomic.Bool // by a worker, which then ends it, or by the caller, who has gone
	done  chan struct{}
	err   error // valid when done is closed
}

// finish lets the caller go on.
func (c *call[T]) finish(err error) {
	c.err = err
	close(c.done)
}

// do has value performed together with others, and waits for it as long as ctx lives. With an ended ctx
// it is not known whether it was done; value is the worker's then.
func (l *line[T]) do(ctx context.Context, value T, size int) (T, error) {
	c := &call[T]{value: value, size: size, done: make(chan struct{})}
	var none T
	select {
	case l.calls <- c:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		c.taken.CompareAndSwap(false, true) // if no worker has it yet, none will do it
		return none, ctx.Err()
	}
}

// run starts workers, which end when closing is closed. Nobody calls do then.
func (l *line[T]) run(workers int, running *sync.WaitGroup, closing <-chan struct{}) {
	for range workers {
		running.Go(func() {
			var batch []*call[T]
			for {
				select {
				case first := <-l.calls:
					batch = l.gather(first, batch[:0])
					if len(batch) > 0 {
						l.perform(batch)
						clear(batch)
					}
				case <-closing:
					return
				}
			}
		})
	}
}

// gather adds to a call those that wait already.
func (l *line[T]) gather(c *call[T], batch []*call[T]) []*call[T] {
	for size := 0; ; {
		if c.taken.CompareAndSwap(false, true) {
			batch = append(batch, c)
			size += c.size
		}
		if len(batch) >= l.most || size >= l.mostSize {
			return batch
		}
		select {
		case c = <-l.calls:
		default:
			return batch
		}
	}
}
