package kafka

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// verdict is what the broker says of acks that somebody waits for together.
type verdict struct {
	errs []error // by place
	left atomic.Int32
	done chan struct{} // closed when none is left
}

// newVerdict waits for so many acks.
func newVerdict(count int) *verdict {
	v := &verdict{errs: make([]error, count), done: make(chan struct{})}
	v.left.Store(int32(count))
	return v
}

// note takes down the result of one ack, which comes once.
func (v *verdict) note(place int, err error) {
	v.errs[place] = err
	if v.left.Add(-1) == 0 {
		close(v.done)
	}
}

func (c *shareConsumer) complete(ctx context.Context, handle any) error {
	return c.settle(ctx, handle.(*shareHandle), ackAccept, c.session.confirm)
}

func (c *shareConsumer) completeBatch(ctx context.Context, handles []any) []error {
	return c.settleAll(ctx, handles, ackAccept, c.session.confirm)
}

// settle says how a record is settled and, with confirmed, waits until the broker has taken note.
func (c *shareConsumer) settle(ctx context.Context, handle *shareHandle, kind int8, confirmed bool) error {
	if errs := c.settleAll(ctx, []any{handle}, kind, confirmed); errs != nil {
		return errs[0]
	}
	return nil
}

// settleAll is settle for several records, in one step. nil: all are settled.
func (c *shareConsumer) settleAll(ctx context.Context, handles []any, kind int8, confirmed bool) []error {
	var v *verdict
	if confirmed {
		v = newVerdict(len(handles))
	}
	acks := make([]ack, len(handles))
	errs := make([]error, len(handles))
	c.mu.Lock()
	for i, handle := range handles {
		a := &acks[i]
		*a = ack{handle: handle.(*shareHandle), kind: kind, verdict: v, place: i}
		if v != nil && c.wasRemoved(a.handle) { // it cannot come again, whatever the broker says
			a.verdict = nil
			v.note(i, nil)
		}
		if c.say(a) {
			continue
		}
		if !c.wasRemoved(a.handle) {
			errs[i] = queues.ErrLockLost
		}
		a.finish(errs[i])
	}
	c.mu.Unlock()
	if confirmed {
		select {
		case <-v.done:
			c.excuse(handles, v.errs)
			errs = v.errs
		case <-ctx.Done():
			return sameForAll(handles, ctx.Err())
		}
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// say puts an ack where its session sends it, and tells whether the record was still held. It is called with mu held.
func (c *shareConsumer) say(a *ack) (held bool) {
	s := a.handle.session
	if _, held = s.held[a.handle]; !held {
		return false
	}
	delete(s.held, a.handle) // so that it is not renewed
	if s.acks = append(s.acks, a); len(s.acks) == 1 {
		s.since = time.Now()
	}
	s.urgent = s.urgent || a.verdict != nil
	if a.verdict != nil || len(s.acks) == 1 {
		s.wake()
	}
	return true
}

// wasRemoved tells whether a record was cleared away. It is called with mu held.
func (c *shareConsumer) wasRemoved(h *shareHandle) bool {
	return h.record.Offset < c.gone[h.record.Partition]
}

// excuse drops the errors of records that were cleared away: that is how their holder lets go of them.
func (c *shareConsumer) excuse(handles []any, errs []error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, err := range errs {
		if errors.Is(err, queues.ErrLockLost) && c.wasRemoved(handles[i].(*shareHandle)) {
			errs[i] = nil
		}
	}
}
