package queues

import (
	"context"
	"errors"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// overridesWait is how long one Receive of a queue without a storage may wait.
const overridesWait = time.Second

// listenToOverrides is Listen for a queue without a storage that does not override it: one message at
// a time, by way of the queue's own Receive, Complete, Abandon and MoveToDeadLetter.
func (l *listener) listenToOverrides(ctx context.Context) error {
	q := l.queue
	w := &worker{listener: l}
	w.renewContext()
	for delay := minTakeDelay; l.taking.Err() == nil; {
		envelope, err := q.Overrides.Receive(l.taking, l.correlationId, overridesWait)
		switch {
		case envelope != nil && l.taking.Err() != nil:
			return errors.Join(l.outcome(ctx), q.Overrides.Abandon(l.settling, envelope))
		case envelope != nil:
			w.workFor(envelope)
			delay = minTakeDelay
		case l.taking.Err() != nil:
		case errors.Is(err, ErrNotOpened) || errors.Is(err, ErrNotSupported) || errors.Is(err, ErrBadConfig):
			return err
		case err != nil:
			q.telemetry.Load().log(l.settling, clog.LevelError, l.correlationId, err, "Receiving from queue %s failed; trying again in %s", q.name, delay)
			timer := time.NewTimer(delay)
			select {
			case <-timer.C:
			case <-l.taking.Done():
				timer.Stop()
			}
			delay = min(2*delay, maxTakeDelay)
		}
	}
	return l.outcome(ctx)
}

func (w *worker) workFor(envelope *MessageEnvelope) {
	l := w.listener
	queue := l.queue.Overrides
	w.delivery.Store(new(Delivery)) // which the queue keeps in its own way
	defer w.delivery.Store(nil)
	outcome := receive(w.ctx, l.receiver, envelope, queue)
	settle := queue.Complete
	switch {
	case outcome == nil:
	case IsPermanentError(outcome) && queue.Capabilities().CanDeadLetter():
		settle = queue.MoveToDeadLetter
	default:
		settle = queue.Abandon
	}
	if err := errors.Join(outcome, settle(l.settling, envelope)); err != nil {
		l.queue.telemetry.Load().log(l.settling, clog.LevelError, envelope.CorrelationId, err, "Message of queue %s failed", l.queue.name)
	}
}
