package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// ListenersComeAndGo sends and receives while listeners join and leave: each Interval one opens its
// queue and listens, and the one that has been there longest is closed, Changes times. It fails the
// test if an acknowledged message is never received, or if one is delivered twice for no known cause.
// Where consumers form a group it is a storm of rebalances.
func ListenersComeAndGo(t testing.TB, subject Subject) {
	t.Helper()
	if err := listenersComeAndGo(t, subject); err != nil {
		t.Error(err)
	}
}

func listenersComeAndGo(t testing.TB, subject Subject) error {
	t.Helper()
	subject = subject.withDefaults(t, 50_000)
	title := fmt.Sprintf("%d changes of listeners", subject.Changes)
	return perform(t, subject, title, func(ctx context.Context, r *run) error {
		c := &club{run: r}
		defer c.listening.Wait()
		defer func() {
			for len(c.members) > 0 {
				_ = c.leave(ctx) // it is closed again at the end, with its error
			}
		}()
		for range subject.Listeners {
			if err := c.join(ctx); err != nil {
				return err
			}
		}
		return r.underLoad(ctx, unbounded, c.change)
	})
}

// club is the listeners there are, the oldest first.
type club struct {
	run       *run
	joined    int
	members   []queues.IMessageQueue
	listening sync.WaitGroup
}

// change lets listeners come and go.
func (c *club) change(ctx context.Context) error {
	ticker := time.NewTicker(c.run.subject.Interval)
	defer ticker.Stop()
	for range c.run.subject.Changes {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		before := c.run.ledger.tally()
		if err := c.join(ctx); err != nil {
			return err
		}
		if err := c.leave(ctx); err != nil {
			return err
		}
		if err := c.run.await(ctx, "listeners to receive", func(t tally) bool { return t.received > before.received }); err != nil {
			return err
		}
	}
	return nil
}

func (c *club) join(ctx context.Context) error {
	queue, err := c.run.openQueue(ctx)
	if err != nil {
		return err
	}
	c.joined++
	by := &consumer{name: fmt.Sprintf("listener %d", c.joined)}
	c.members = append(c.members, queue)
	c.listening.Go(func() {
		err := queue.Listen(ctx, "", c.run.receiver(by))
		if err != nil && !errors.Is(err, context.Canceled) {
			c.run.fail(fmt.Errorf("%s has ended by itself: %w", by.name, err))
		}
	})
	return nil
}

func (c *club) leave(ctx context.Context) error {
	oldest := c.members[0]
	c.members = c.members[1:]
	if err := oldest.Close(context.WithoutCancel(ctx), ""); err != nil {
		return fmt.Errorf("closing a queue: %w", err)
	}
	return nil
}
