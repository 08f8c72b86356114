package faults

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// ConsumerKills sends messages to consumer processes and kills these, one after the other, with
// messages in work. It fails the test if an acknowledged message is never worked on to the end, if a
// message that a killed process had in work does not come back, or if a message is delivered twice for
// no known cause. The consumers are processes of the test binary: its TestMain must call Main.
func ConsumerKills(t testing.TB, subject Subject) {
	t.Helper()
	if err := consumerKills(t, subject); err != nil {
		t.Error(err)
	}
}

func consumerKills(t testing.TB, subject Subject) error {
	t.Helper()
	subject = subject.withDefaults(t, 10_000)
	title := fmt.Sprintf("%d consumer kills", subject.Kills)
	return perform(t, subject, title, func(ctx context.Context, r *run) error {
		crew := &crew{run: r}
		defer crew.dismiss()
		for range subject.Listeners {
			if err := crew.hire(ctx); err != nil {
				return err
			}
		}
		spare := 10 * subject.Listeners * subject.Concurrency // so that the last victim has something in work, too
		return r.underLoad(ctx, spare, crew.killAll)
	})
}

// crew is the processes that consume.
type crew struct {
	run   *run
	hired int
	at    []*worker
}

// hire starts one more process and returns when it listens.
func (c *crew) hire(ctx context.Context) error {
	c.hired++
	w, err := startWorker(ctx, c.run, fmt.Sprintf("consumer %d", c.hired))
	if err != nil {
		return err
	}
	c.at = append(c.at, w)
	return nil
}

// killAll kills processes, spread evenly over the messages, each replaced by another one.
func (c *crew) killAll(ctx context.Context) error {
	subject := &c.run.subject
	for k := 1; k <= subject.Kills; k++ {
		due := subject.Messages * k / (subject.Kills + 1)
		if err := c.run.await(ctx, "load", func(t tally) bool { return t.handled >= due }); err != nil {
			return err
		}
		if err := c.killOne(ctx, k); err != nil {
			return fmt.Errorf("kill %d: %w", k, err)
		}
	}
	return nil
}

// killOne kills the process that has been there longest, in mid-work. One that turns out to have had
// nothing in work does not count.
func (c *crew) killOne(ctx context.Context, k int) error {
	const tries = 20
	for range tries {
		victim := c.at[0]
		c.at = c.at[1:]
		if err := c.run.await(ctx, victim.consumer.name+" to have a message in work", func(tally) bool {
			return victim.isWorking()
		}); err != nil {
			return err
		}
		at := c.run.ledger.tally()
		inWork, err := victim.kill()
		if err != nil {
			return err
		}
		if err := c.hire(ctx); err != nil {
			return err
		}
		if inWork > 0 {
			c.run.faults = append(c.run.faults, fmt.Sprintf("kill %2d at %6d worked on: %s, with %d in work",
				k, at.handled, victim.consumer.name, inWork))
			return nil
		}
	}
	return errors.New("no process was killed with a message in work; is Subject.Work too short?")
}

// dismiss ends all processes.
func (c *crew) dismiss() {
	for _, w := range c.at {
		w.dismiss()
	}
}
