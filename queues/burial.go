package queues

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// bury moves a delivery that lockTable.begin took to the dead-letter queue: written there first, then
// removed here, so that a failure in between may duplicate and never lose.
func (q *MessageQueue) bury(ctx context.Context, d *Delivery, reason string, cause error) error {
	if err := q.tryBury(ctx, d, reason, cause); err != nil {
		return q.unsettled(d, err)
	}
	d.markSettled()
	return nil
}

func (q *MessageQueue) tryBury(ctx context.Context, d *Delivery, reason string, cause error) error {
	dead := q.deadMessage(d, reason, cause)
	burier, ok := q.storage.(Burier)
	if ok && q.deadLetters.own != nil {
		dead.SentTime = time.Now().UTC().Round(0)
		if err := burier.Bury(ctx, d.Handle, dead); err != nil {
			return err
		}
	} else {
		if !d.buried {
			if err := q.sendDead(ctx, d, dead); err != nil {
				return err
			}
		}
		// From here on the message is safe. One whose lock is lost before it is removed comes again: a duplicate.
		d.buried = true
		if err := q.storage.Complete(ctx, d.Handle); err != nil {
			return fmt.Errorf("removing a message that is in the dead-letter queue: %w", err)
		}
	}
	telemetry := q.telemetry.Load()
	telemetry.count(ctx, countDead, 1)
	telemetry.settled(ctx, "Moved to the dead-letter queue", d)
	return nil
}

// sendDead writes to the dead-letter queue, which may take long when it is full, and keeps the lock meanwhile.
func (q *MessageQueue) sendDead(ctx context.Context, d *Delivery, dead *MessageEnvelope) error {
	kept := d.locks.keepUp(d)
	err := q.deadLetters.queue().Send(ctx, d.correlationId, dead)
	if err != nil {
		err = fmt.Errorf("writing to the dead-letter queue: %w", err)
	}
	if kept && !d.locks.letGo(d) {
		return errors.Join(ErrLockLost, err)
	}
	return err
}

// reasonToDie is why a message whose receiver failed goes to the dead-letter queue; "" if it comes again.
func (q *MessageQueue) reasonToDie(s *session, d *Delivery, failure error) string {
	switch {
	case !q.deadLetters.exist():
		return ""
	case IsPermanentError(failure):
		return ReasonReceiverError
	case s.settings.isSpent(d.Count):
		return ReasonMaxDeliveries
	default:
		return ""
	}
}

// manyLocked is from how many locked messages on a listener is slowed down again that finds more dead ones, so that
// a dead-letter queue that is full for long does not end with the process out of memory.
const manyLocked = 10_000

// buryOrPark moves a delivery that nobody holds to the dead-letter queue. What that does not take soon stays
// locked and is left to the undertaker, and so is what comes after it, until the dead-letter queue takes
// messages again: whoever calls is held up once, as long as there are not too many.
func (q *MessageQueue) buryOrPark(ctx context.Context, d *Delivery, then afterParking) {
	if d.locks.undertaker.refused.Load() && d.locks.len() < manyLocked {
		q.parkToBury(ctx, d, 0, then)
		return
	}
	q.buryWithin(ctx, d, then)
}

// buryWithin is buryOrPark with one try, of keepingTimeout at most.
func (q *MessageQueue) buryWithin(ctx context.Context, d *Delivery, then afterParking) {
	trying, cancel := context.WithTimeout(ctx, keepingTimeout)
	defer cancel()
	err := q.tryBury(trying, d, then.reason, then.cause)
	if err == nil {
		d.locks.undertaker.refused.Store(false)
	}
	if err == nil || errors.Is(err, ErrLockLost) {
		d.markSettled()
		return
	}
	if trying.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("not done after %s: it may be full, or out of reach: %w", keepingTimeout, err)
	}
	d.locks.undertaker.refused.Store(true)
	then.retries++
	delay := max(q.session.Load().settings.backOff(then.retries), time.Millisecond)
	q.telemetry.Load().log(ctx, clog.LevelError, d.correlationId, q.redact(err),
		"Could not move message %s of queue %s to the dead-letter queue; trying again in %s", d.id, q.name, delay)
	q.parkToBury(ctx, d, delay, then)
}

// parkToBury keeps a delivery that nobody holds locked until the undertaker buries it, after delay.
func (q *MessageQueue) parkToBury(ctx context.Context, d *Delivery, delay time.Duration, then afterParking) {
	if !d.locks.park(d, delay, &then) {
		giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleGrace)
		defer cancel()
		q.giveBack(giving, d, true)
	}
}

// deadMessage is what is written to the dead-letter queue for a delivery.
func (q *MessageQueue) deadMessage(d *Delivery, reason string, cause error) *MessageEnvelope {
	original := d.pristine
	if keeper, ok := q.storage.(OriginalKeeper); ok {
		original = keeper.Original(d.Handle)
	}
	dead := *original
	dead.Headers = maps.Clone(original.Headers)
	if dead.Headers == nil {
		dead.Headers = map[string]string{}
	}
	if own, ok := dead.Headers[HeaderDeliveryCount]; ok && !hasDied(dead.Headers) {
		dead.Headers[headerOwnDeliveryCount] = own
	}
	delete(dead.Headers, HeaderDeadLetterError)
	dead.Headers[HeaderDeadLetterReason] = reason
	dead.Headers[HeaderDeadLetterSource] = q.name
	dead.Headers[HeaderDeadLetterTime] = time.Now().UTC().Format(time.RFC3339Nano)
	dead.Headers[HeaderDeliveryCount] = strconv.Itoa(d.Count)
	if cause != nil {
		dead.Headers[HeaderDeadLetterError] = cause.Error()
	}
	return &dead
}
