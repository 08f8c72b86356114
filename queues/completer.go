package queues

import (
	"cmp"
	"context"
	"errors"
	"sync"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// usualGroup bounds how many messages are completed in one step, and how many more may wait for the next, unless
// Traits.GroupMax does.
const usualGroup = 256

// completer completes the messages that the receivers of a listener are through with, all that are there at
// a time in one step, while the receivers go on: a round trip to the broker, or a write to its disk, is paid
// once for a group. Under light load a group is one message. What a crash finds not completed comes again.
type completer struct {
	listener *listener
	storage  BatchCompleter
	most     int            // in a group
	finished chan *Delivery // taken for settling by lockTable.begin
	running  sync.WaitGroup
	settling context.Context // outlives the listener's, which a receiver that closes the queue ends by returning
	giveUp   context.CancelFunc
}

// newCompleter returns nil for a queue whose storage completes messages one by one.
func newCompleter(l *listener) *completer {
	storage, ok := l.queue.storage.(BatchCompleter)
	if !ok || !l.session.settings.autoComplete {
		return nil
	}
	most := cmp.Or(l.session.traits.GroupMax, usualGroup)
	c := &completer{listener: l, storage: storage, most: most, finished: make(chan *Delivery, most)}
	c.settling, c.giveUp = context.WithCancel(context.WithoutCancel(l.settling))
	c.running.Go(c.run)
	return c
}

// add has a delivery completed soon. It waits while very many are under way.
func (c *completer) add(d *Delivery) error {
	select {
	case c.finished <- d:
		return nil
	case <-c.settling.Done():
		return c.listener.queue.unsettled(d, c.settling.Err())
	}
}

// close waits until everything that was added is completed. Nothing may be added after that.
func (c *completer) close() {
	close(c.finished)
	c.running.Wait()
	c.giveUp()
}

func (c *completer) run() {
	group := make([]*Delivery, 0, c.most)
	for d := range c.finished {
		group = c.gather(append(group, d))
		c.complete(group)
		clear(group)
		group = group[:0]
	}
}

// gather adds what is finished too.
func (c *completer) gather(group []*Delivery) []*Delivery {
	for len(group) < c.most {
		select {
		case d, ok := <-c.finished:
			if !ok {
				return group
			}
			group = append(group, d)
		default:
			return group
		}
	}
	return group
}

func (c *completer) complete(group []*Delivery) {
	handles := make([]any, len(group))
	for i, d := range group {
		handles[i] = d.Handle
	}
	errs := c.storage.CompleteBatch(c.settling, handles)
	for i, d := range group {
		var err error
		if errs != nil {
			err = errs[i]
		}
		c.listener.report(d, c.listener.queue.completed(c.settling, d, err))
	}
}

// report logs that a delivery could not be settled.
func (l *listener) report(d *Delivery, err error) {
	if err == nil || errors.Is(err, ErrLockLost) {
		return
	}
	q := l.queue
	q.telemetry.Load().log(context.WithoutCancel(l.settling), clog.LevelError, d.correlationId, q.redact(err),
		"Could not settle message %s on queue %s; it comes again when its lock runs out", d.id, q.name)
}
