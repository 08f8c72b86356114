package redis

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// mostTogether is how many callers go together at most, mostSizeTogether up to which size of messages, more or less.
const (
	mostTogether     = 128
	mostSizeTogether = 1 << 20
)

// line is where callers queue up for a script that serves many at a time: those that come while it is under
// way go together the next time. That costs the server, its disk and this process less than a script for
// each, and nobody waits longer for it than if there were a queue in the server. A caller whose ctx ends
// goes; what is done then is done without it.
type line[T any] struct {
	calls   chan *call[T]
	most    int           // calls that go together
	linger  time.Duration // with callers that call again at once; 0: not
	perform func(calls []*call[T])
	start   func() // the goroutines, once
}

// newLine makes a line. Its goroutines, workers of them, start with its first call and end with the session.
func newLine[T any](s *session, workers, most int, perform func(calls []*call[T])) *line[T] {
	l := &line[T]{calls: make(chan *call[T], mostTogether), most: most, perform: perform}
	l.start = sync.OnceFunc(func() {
		for range workers {
			s.workers.Go(func() { l.work(s.ended) })
		}
	})
	return l
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
// it is not known whether it was done; value is not the caller's any more.
func (l *line[T]) do(ctx context.Context, value T, size int) (T, error) {
	c := &call[T]{value: value, size: size, done: make(chan struct{})}
	var none T
	l.start()
	select {
	case l.calls <- c:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		c.taken.CompareAndSwap(false, true) // if it has not begun, it will not be done
		return none, ctx.Err()
	}
}

// work performs calls until ended is closed; nobody calls do then.
func (l *line[T]) work(ended <-chan struct{}) {
	var batch []*call[T]
	for {
		select {
		case first := <-l.calls:
			if l.most > 1 {
				runtime.Gosched() // those whom the last script has let go, and who are about to call again, come along
			}
			batch = l.gather(first, batch[:0])
			if len(batch) > 0 {
				l.perform(batch)
				l.await(len(batch))
				clear(batch)
			}
		case <-ended:
			return
		}
	}
}

// await waits a moment for those whom the last script has let go: under load they are about to call again, and
// would miss the next one by a hair. Who waits already does not wait long.
func (l *line[T]) await(returning int) {
	expected := min(returning+len(l.calls), cap(l.calls))
	if l.linger == 0 || expected == 1 {
		return
	}
	for began := time.Now(); len(l.calls) < expected && time.Since(began) < l.linger; {
		runtime.Gosched()
	}
}

// gather adds to a call those that wait already.
func (l *line[T]) gather(c *call[T], batch []*call[T]) []*call[T] {
	for size := 0; ; {
		if c.taken.CompareAndSwap(false, true) {
			batch = append(batch, c)
			size += c.size
		}
		if len(batch) == l.most || size >= mostSizeTogether {
			return batch
		}
		select {
		case c = <-l.calls:
		default:
			return batch
		}
	}
}

// asking is a script that serves one caller. It goes through a line so that the caller can go when its ctx
// ends, for which the client does not look up from a server that does not answer.
type asking struct {
	script    script
	keys      keys
	arguments []any
	answer    any
}

// askers is how many of them are under way at a time.
const askers = 4

func (s *session) ask(ctx context.Context, script script, keys keys, arguments ...any) (any, error) {
	done, err := s.asks.do(ctx, asking{script: script, keys: keys, arguments: arguments}, 0)
	return done.answer, err
}

func (s *session) performAsks(calls []*call[asking]) {
	for _, c := range calls {
		var err error
		c.value.answer, err = s.link.run(context.Background(), c.value.script, c.value.keys, c.value.arguments...)
		c.finish(err)
	}
}
