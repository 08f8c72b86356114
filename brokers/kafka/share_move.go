package kafka

import (
	"context"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// release gives a record back. One whose delivery does not count, or that the broker would soon give up, is
// copied to the end of the topic, with the true count in a header, and the original accepted.
func (c *shareConsumer) release(ctx context.Context, handle any, counted bool) error {
	h := handle.(*shareHandle)
	if counted && c.settings.mayStay(h.count+1) || c.isGone(h) {
		return c.settle(ctx, h, ackRelease, true)
	}
	deliveries := h.earlier + h.count
	if !counted {
		deliveries--
	}
	if !h.session.holds(h) {
		return queues.ErrLockLost
	}
	c.move(h, deliveries)
	return nil
}

// move replaces a record by a copy. It does not wait, so that many are moved together; close does. If the copy cannot
// be written the broker's lock runs out.
func (c *shareConsumer) move(h *shareHandle, deliveries int) {
	c.moving.Add(1)
	c.session.link.append(context.Background(), copyOf(h.record, deliveries, c.session.group), func(err error) {
		defer c.moving.Done()
		if err != nil {
			h.session.letGo(h)
			return
		}
		_ = c.settle(context.Background(), h, ackAccept, false) // if it is lost meanwhile it comes twice
	})
}

// giveBack releases records that came in for takers who have left. It is called with mu held.
func (c *shareConsumer) giveBack() {
	handles := c.ready
	c.ready = nil
	c.running.Go(func() { c.moveAll(handles) })
}

// moveAll gives back records that nobody has had.
func (c *shareConsumer) moveAll(handles []*shareHandle) {
	for _, h := range handles {
		c.move(h, h.earlier+h.count-1)
	}
}

// sortOut looks at records that came in: those for other groups are accepted, those that the broker would soon
// give up are copied. The rest is ready.
func (c *shareConsumer) sortOut(handles []*shareHandle) {
	var late []*shareHandle
	var foreign []*shareHandle
	kept := handles[:0]
	for _, h := range handles {
		var group string
		h.earlier, group = provenance(h.record)
		switch {
		case group != "" && group != c.session.group:
			foreign = append(foreign, h)
		case !c.settings.mayStay(h.count):
			late = append(late, h)
		default:
			kept = append(kept, h)
		}
	}
	c.mu.Lock()
	c.ready = append(c.ready, kept...)
	c.serve()
	c.mu.Unlock()
	for _, h := range foreign {
		_ = c.settle(context.Background(), h, ackAccept, false) // if it is lost it comes again
	}
	c.moveAll(late)
}

func (c *shareConsumer) isGone(h *shareHandle) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wasRemoved(h)
}

// awaitMoves returns when all copies are written, or ctx ends.
func (c *shareConsumer) awaitMoves(ctx context.Context) {
	moved := make(chan struct{})
	go func() {
		c.moving.Wait() // the client ends what it cannot write
		close(moved)
	}()
	select {
	case <-moved:
	case <-ctx.Done():
	}
}

// graceOfReady is how long records wait for a taker before they are given back.
const graceOfReady = 30 * time.Millisecond
