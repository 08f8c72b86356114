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

// run is one test: its queues, its ledger, and the patience with which it waits.
type run struct {
	t       testing.TB
	subject Subject
	name    string // of the queue
	ledger  *ledger
	sender  queues.IMessageQueue
	fail    func(error) // ends the ctx of the test, with that cause
	open    []queues.IMessageQueue
	faults  []string // what was broken, for the table
}

// perform runs play and publishes the ledger. The error says what was not as promised.
func perform(t testing.TB, subject Subject, title string, play func(ctx context.Context, r *run) error) error {
	t.Helper()
	r := &run{t: t, subject: subject, name: queueName(), ledger: newLedger(subject.LockTimeout)}
	ctx, cancel := context.WithTimeout(t.Context(), subject.Limit)
	defer cancel()
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	started := time.Now()
	var err error
	if r.sender, err = r.openQueue(ctx); err == nil {
		if !r.sender.Capabilities().IsDurable() {
			err = fmt.Errorf("queue %s does not declare to be durable", r.sender.Name())
		} else {
			err = play(ctx, r)
		}
	}
	result := r.ledger.result()
	if err == nil {
		result.left, err = r.countLeft()
	}
	err = errors.Join(err, r.close())
	result.title = fmt.Sprintf("%s of %s", title, subject.Name)
	result.took = time.Since(started)
	result.faults = r.faults
	result.confirmed = subject.Confirmed
	result.publish(t.Log)
	return errors.Join(err, result.check())
}

// openQueue opens one more queue object.
func (r *run) openQueue(ctx context.Context) (queues.IMessageQueue, error) {
	queue := r.subject.New(r.name, r.subject.params())
	if err := queue.Open(ctx, ""); err != nil {
		return nil, fmt.Errorf("opening a queue: %w", err)
	}
	r.open = append(r.open, queue)
	return queue, nil
}

// close closes every queue. It does so also when ctx is over.
func (r *run) close() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.t.Context()), r.subject.Patience)
	defer cancel()
	errs := make([]error, len(r.open))
	var closing sync.WaitGroup
	for i, queue := range r.open {
		closing.Go(func() {
			if err := queue.Close(ctx, ""); err != nil {
				errs[i] = fmt.Errorf("closing a queue: %w", err)
			}
		})
	}
	closing.Wait()
	return errors.Join(errs...)
}

// countLeft counts what is still in the queue, where the queue can count.
func (r *run) countLeft() (int64, error) {
	if !r.sender.Capabilities().CanMessageCount() {
		return 0, nil
	}
	return r.sender.ReadMessageCount()
}

// await returns when done is true of the tally. It gives up when nothing has been received or
// acknowledged for as long as patience lasts; what says what was waited for.
func (r *run) await(ctx context.Context, what string, done func(t tally) bool) error {
	timer := time.NewTimer(r.subject.Patience)
	defer timer.Stop()
	last := r.ledger.tally()
	for {
		t := r.ledger.tally()
		if done(t) {
			return nil
		}
		if t.acknowledged != last.acknowledged || t.received != last.received {
			timer.Reset(r.subject.Patience)
		}
		last = t
		select {
		case <-r.ledger.changed:
		case <-timer.C:
			return fmt.Errorf("waiting for %s: nothing was acknowledged or received for %s (so far %s)", what, r.subject.Patience, t)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (so far %s)", what, context.Cause(ctx), t)
		}
	}
}

// awaitQuiet returns when nothing has been received for a while, long enough for locks to run out and
// what is still locked to come again.
func (r *run) awaitQuiet(ctx context.Context) error {
	while := r.subject.LockTimeout + r.subject.LockTimeout/2
	timer := time.NewTimer(while)
	defer timer.Stop()
	last := r.ledger.tally().received
	for {
		select {
		case <-r.ledger.changed:
			if received := r.ledger.tally().received; received != last {
				last = received
				timer.Reset(while)
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("waiting until no message comes again: %w", context.Cause(ctx))
		}
	}
}

// String says how far the test has got.
func (t tally) String() string {
	return fmt.Sprintf("%d acknowledged, %d not, %d received, %d missing", t.acknowledged, t.refused, t.received, t.missing())
}
