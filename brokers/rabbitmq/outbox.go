package rabbitmq

import (
	"net"
	"runtime"
	"sync"
	"time"
)

const (
	// mostWaiting is how many bytes may wait to be written before who writes more has to wait.
	mostWaiting = 256 << 10
	// keptBuffer is how large a buffer is kept for what comes next.
	keptBuffer = 64 << 10
	// flushLimit is how long closing waits for the last bytes to go out.
	flushLimit = 100 * time.Millisecond
)

// outbox is a connection that writes in the background. The client library writes each message and each
// acknowledgement by itself. What several goroutines have to say at a time goes out in one piece here, which costs
// this side and the server one system call instead of many. That a write has gone well says as little as
// it does without: what the server has taken, it confirms.
type outbox struct {
	net.Conn

	mu      sync.Mutex
	changed sync.Cond // there is something to write, there is room again, or it is the end
	waiting []byte
	closed  bool
	err     error // why nothing can be written anymore

	closing sync.Once
	writing sync.WaitGroup
}

// newOutbox takes over a connection. Close ends its goroutine.
func newOutbox(conn net.Conn) *outbox {
	o := &outbox{Conn: conn}
	o.changed.L = &o.mu
	o.writing.Go(o.run)
	return o
}

// Write has a copy of what is to be written go out soon. It waits while there is very much of that.
func (o *outbox) Write(piece []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) >= mostWaiting && o.err == nil && !o.closed {
		o.changed.Wait()
	}
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closed:
		return 0, net.ErrClosed
	}
	if len(o.waiting) == 0 {
		o.changed.Broadcast()
	}
	o.waiting = append(o.waiting, piece...)
	return len(piece), nil
}

// run writes what waits, until there is nothing more and the outbox is closed.
func (o *outbox) run() {
	var written []byte // its memory is used again
	for {
		batch, ok := o.next(written)
		if !ok {
			return
		}
		if _, err := o.Conn.Write(batch); err != nil {
			o.fail(err)
			return
		}
		written = batch
	}
}

// next waits for something to write, and swaps it for an empty buffer.
func (o *outbox) next(empty []byte) (batch []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 {
		if o.closed {
			return nil, false
		}
		o.changed.Wait()
	}
	o.mu.Unlock()
	runtime.Gosched() // those who are about to write come along
	o.mu.Lock()
	if cap(empty) > keptBuffer {
		empty = nil
	}
	batch, o.waiting = o.waiting, empty[:0]
	if len(batch) >= mostWaiting {
		o.changed.Broadcast()
	}
	return batch, true
}

// fail makes writing fail, and reading too.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	o.err = err
	o.waiting = nil
	o.changed.Broadcast()
	o.mu.Unlock()
	_ = o.Conn.Close()
}

// Close writes what waits, if the other side takes it soon, and closes the connection.
func (o *outbox) Close() (err error) {
	err = net.ErrClosed
	o.closing.Do(func() {
		_ = o.SetWriteDeadline(time.Now().Add(flushLimit))
		o.mu.Lock()
		o.closed = true
		o.changed.Broadcast()
		o.mu.Unlock()
		o.writing.Wait()
		err = o.Conn.Close()
	})
	return err
}
