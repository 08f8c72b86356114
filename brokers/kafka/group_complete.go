package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (c *groupConsumer) complete(ctx context.Context, handle any) error {
	if errs := c.completeBatch(ctx, []any{handle}); errs != nil {
		return errs[0]
	}
	return nil
}

// completeBatch settles entries, and waits for the commits of all of them if they must be confirmed. What was removed
// from the topic cannot come again, committed or not.
func (c *groupConsumer) completeBatch(ctx context.Context, handles []any) (errs []error) {
	note := func(i int, err error) {
		if err != nil && errs == nil {
			errs = make([]error, len(handles))
		}
		if err != nil {
			errs[i] = err
		}
	}
	waiting := make([]chan error, len(handles))
	c.mu.Lock()
	for i, handle := range handles {
		e := handle.(*entry)
		if e.partition.leaving || e.state == entryReady {
			note(i, queues.ErrLockLost)
			continue
		}
		c.settle(e)
		if c.session.confirm && e.offset >= e.partition.gone {
			waiting[i] = make(chan error, 1)
			c.settlers = append(c.settlers, settler{e.partition, waiting[i]})
		}
	}
	c.mu.Unlock()
	if !c.session.confirm {
		return errs
	}
	timer := time.NewTimer(c.session.link.patient)
	defer timer.Stop()
	var over error // why nobody waits any longer
	for i, done := range waiting {
		switch {
		case done == nil:
			continue
		case over != nil:
			note(i, over)
			continue
		}
		select {
		case err := <-done:
			note(i, err)
			continue
		case <-ctx.Done():
			over = ctx.Err()
		case <-timer.C:
			over = fmt.Errorf("%w: no confirmation of a commit within %s of %s", queues.ErrNoConnection, optionRequest, c.session.link.patient)
		}
		note(i, over)
	}
	return errs
}
