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

// ServerRestarts sends and receives while the server is killed and started again, and again. It fails
// the test if an acknowledged message is never received, if senders or listeners do not resume by
// themselves, or if a message is delivered twice for no known cause. Sends may fail during an outage.
func ServerRestarts(t testing.TB, subject Subject) {
	t.Helper()
	if err := serverRestarts(t, subject); err != nil {
		t.Error(err)
	}
}

func serverRestarts(t testing.TB, subject Subject) error {
	t.Helper()
	subject = subject.withDefaults(t, 50_000)
	if subject.Server == nil {
		return errors.New("faults.Subject.Server is missing")
	}
	title := fmt.Sprintf("%d server restarts", subject.Restarts)
	return perform(t, subject, title, func(ctx context.Context, r *run) error {
		var listening sync.WaitGroup
		defer listening.Wait()
		for i := range subject.Listeners {
			queue, err := r.openQueue(ctx)
			if err != nil {
				return err
			}
			by := &consumer{name: fmt.Sprintf("listener %d", i+1)}
			defer queue.EndListen(ctx, "")
			listening.Go(func() {
				err := queue.Listen(ctx, "", r.receiver(by))
				r.fail(fmt.Errorf("%s has ended by itself: %v", by.name, err)) // a no-op if all is over
			})
		}
		return r.underLoad(ctx, unbounded, r.restartServer) // a fast server may have all messages before it is killed for the last time
	})
}

// receiver completes every message and notes what becomes of it.
func (r *run) receiver(by *consumer) queues.IMessageReceiver {
	return queues.NewCallbackMessageReceiver(func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
		d := r.ledger.receive(by, envelope.MessageId, envelope.DeliveryCount, isIntact(envelope, r.subject.Payload))
		if d == nil {
			return nil
		}
		r.ledger.complete(d)
		err := queue.Complete(ctx, envelope)
		if err != nil {
			r.ledger.end(d, err.Error())
			return err
		}
		r.ledger.end(d, "")
		return nil
	})
}

// restartServer kills and starts the server, spread evenly over the messages.
func (r *run) restartServer(ctx context.Context) error {
	for k := 1; k <= r.subject.Restarts; k++ {
		due := r.subject.Messages * k / (r.subject.Restarts + 1)
		if err := r.await(ctx, "load", func(t tally) bool { return t.acknowledged >= due }); err != nil {
			return err
		}
		if err := r.restartOnce(ctx, k); err != nil {
			return fmt.Errorf("restart %d: %w", k, err)
		}
	}
	return nil
}

// restartOnce returns when, after a restart, something was acknowledged and something received.
func (r *run) restartOnce(ctx context.Context, k int) error {
	r.ledger.fault()
	before := r.ledger.tally()
	killed := time.Now()
	if err := r.subject.Server.Kill(); err != nil {
		return err
	}
	timer := time.NewTimer(r.subject.Outage)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := r.subject.Server.Start(); err != nil {
		return err
	}
	r.ledger.fault()
	started := time.Now()
	after := r.ledger.tally()
	if err := r.await(ctx, "a Send to be acknowledged again", func(t tally) bool { return t.acknowledged > after.acknowledged }); err != nil {
		return err
	}
	sending := time.Since(started)
	if err := r.await(ctx, "listeners to receive again", func(t tally) bool { return t.received > after.received }); err != nil {
		return err
	}
	r.faults = append(r.faults, fmt.Sprintf(
		"restart %2d at %6d acknowledged: down for %s; first Send after %s, first message received after %s",
		k, before.acknowledged, rounded(started.Sub(killed)), rounded(sending), rounded(time.Since(started))))
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
