package queues

import (
	"context"
	"errors"
	"fmt"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Complete removes a received message. See IMessageQueue.
func (q *MessageQueue) Complete(ctx context.Context, message *MessageEnvelope) error {
	return q.settle(ctx, message, CapabilityReceive, "complete", q.complete)
}

// Abandon makes a received message ready again. See IMessageQueue.
func (q *MessageQueue) Abandon(ctx context.Context, message *MessageEnvelope) error {
	return q.settle(ctx, message, CapabilityAbandon, "abandon", func(ctx context.Context, d *Delivery) error {
		return q.abandon(ctx, d, 0, nil)
	})
}

// DelayedAbandoner is a queue that can make a received message ready again later.
type DelayedAbandoner interface {
	// AbandonDelayed makes a received message ready again at its old place after delay. A delay of 0
	// or less is Abandon. Errors: as Abandon, and ErrNotSupported.
	AbandonDelayed(ctx context.Context, message *MessageEnvelope, delay time.Duration) error
}

// AbandonDelayed makes a received message ready again after delay. Errors: as Abandon, and
// ErrNotSupported if the queue cannot delay.
func AbandonDelayed(ctx context.Context, queue IMessageQueue, message *MessageEnvelope, delay time.Duration) error {
	if abandoner, ok := queue.(DelayedAbandoner); ok {
		return abandoner.AbandonDelayed(ctx, message, delay)
	}
	return newError(ErrNotSupported, queueName(queue), "", string(CapabilityDelay), nil)
}

// AbandonDelayed makes a received message ready again after delay. See DelayedAbandoner.
func (q *MessageQueue) AbandonDelayed(ctx context.Context, message *MessageEnvelope, delay time.Duration) error {
	return q.settle(ctx, message, CapabilityDelay, "abandon_delayed", func(ctx context.Context, d *Delivery) error {
		return q.abandon(ctx, d, delay, nil)
	})
}

// MoveToDeadLetter moves a received message to the dead-letter queue. See IMessageQueue.
func (q *MessageQueue) MoveToDeadLetter(ctx context.Context, message *MessageEnvelope) error {
	return q.settle(ctx, message, CapabilityDeadLetter, "move_to_dead_letter", func(ctx context.Context, d *Delivery) error {
		return q.bury(ctx, d, ReasonRequested, nil)
	})
}

// RenewLock makes the lock of a received message end lockTimeout from now. See IMessageQueue.
func (q *MessageQueue) RenewLock(ctx context.Context, message *MessageEnvelope, lockTimeout time.Duration) error {
	ctx = orBackground(ctx)
	d, err := q.deliveryOf(ctx, message, CapabilityRenewLock)
	if err != nil || d == nil {
		return err
	}
	if lockTimeout <= 0 {
		lockTimeout = q.session.Load().settings.lockTimeout
	}
	correlationId := message.CorrelationId
	if !d.locks.isHeld(d) {
		return q.notRenewed(d, correlationId)
	}
	since := d.locks.now()
	if extender, ok := q.storage.(LockExtender); ok && d.locks.keeper == LocksByBroker {
		err := extender.Extend(ctx, d.Handle, lockTimeout)
		if err != nil && d.locks.isDone(d) {
			return nil
		}
		if errors.Is(err, ErrLockLost) {
			d.locks.revoke(d, ErrLockLost)
		}
		if err != nil {
			return q.fail(ctx, correlationId, "renewing a lock", err)
		}
	}
	if d.locks.renew(d, since, lockTimeout) != nil {
		return q.notRenewed(d, correlationId)
	}
	return nil
}

// notRenewed is what RenewLock answers to one who does not hold the lock.
func (q *MessageQueue) notRenewed(d *Delivery, correlationId string) error {
	if d.locks.isDone(d) {
		return nil
	}
	return q.tooLate(d, correlationId, "renewing the lock")
}

// tooLate is the error of a holder whose lock has run out.
func (q *MessageQueue) tooLate(d *Delivery, correlationId, doing string) error {
	return newError(ErrLockLost, q.name, correlationId, fmt.Sprintf(
		"%s of message %s: its lock ran out (%s: %d), or it was cleared or given back; what takes longer calls RenewLock meanwhile, or needs a longer time-out",
		doing, d.id, config.LockTimeout, d.locks.lockTimeout.Milliseconds()), nil)
}

// settle ends a delivery by action, for a user who holds it.
func (q *MessageQueue) settle(ctx context.Context, message *MessageEnvelope, capability Capability, operation string,
	action func(ctx context.Context, d *Delivery) error,
) error {
	ctx = orBackground(ctx)
	d, err := q.deliveryOf(ctx, message, capability)
	if err != nil || d == nil {
		return err
	}
	s := q.session.Load()
	if !s.calls.enter() {
		return newError(ErrNotOpened, q.name, message.CorrelationId, "message "+message.MessageId+" is given back", nil)
	}
	defer s.calls.leave()
	telemetry := q.telemetry.Load()
	started := telemetry.begin()
	correlationId := message.CorrelationId
	done, err := d.locks.begin(d)
	if err == nil && !done {
		if err = action(ctx, d); err != nil {
			err = q.fail(ctx, correlationId, operation+" of message "+d.id, err)
		}
	} else if err != nil {
		err = q.tooLate(d, correlationId, operation)
	}
	telemetry.trace(ctx, correlationId, operation, started, err)
	return err
}

// deliveryOf returns the delivery of a message that was received from this queue; nil and no error if
// it was never received or is settled.
func (q *MessageQueue) deliveryOf(ctx context.Context, message *MessageEnvelope, capability Capability) (*Delivery, error) {
	if message == nil {
		return nil, newError(ErrBadMessage, q.name, "", "the envelope is nil", nil)
	}
	if err := q.need(capability, message.CorrelationId); err != nil {
		return nil, err
	}
	if err := q.checkOpen(message.CorrelationId, true); err != nil {
		return nil, err
	}
	reference := message.GetReference()
	if reference == nil {
		return nil, nil
	}
	d, ok := reference.(*Delivery)
	if !ok || d.locks == nil {
		return nil, newError(ErrBadMessage, q.name, message.CorrelationId,
			"message "+message.MessageId+" was not received from this queue", nil)
	}
	if d.locks.queue != q {
		return nil, newError(ErrBadMessage, q.name, message.CorrelationId,
			"message "+message.MessageId+" was received from queue "+d.locks.queue.name+"; settle it there", nil)
	}
	if d.locks != q.session.Load().locks { // the queue was closed and opened since
		return nil, newError(ErrLockLost, q.name, message.CorrelationId, "message "+message.MessageId+" was given back when the queue closed", nil)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d, nil
}

// complete, abandon and bury end a delivery that lockTable.begin took; on an error they have given it back
// to its holder, or found its lock lost.

func (q *MessageQueue) complete(ctx context.Context, d *Delivery) error {
	return q.completed(ctx, d, q.storage.Complete(ctx, d.Handle))
}

// completed follows up on what the storage says of completing a delivery.
func (q *MessageQueue) completed(ctx context.Context, d *Delivery, err error) error {
	if err != nil {
		return q.unsettled(d, err)
	}
	telemetry := q.telemetry.Load()
	telemetry.count(ctx, countCompleted, 1)
	telemetry.settled(ctx, "Completed", d)
	d.markSettled()
	return nil
}

// abandon releases a delivery that failed, after delay, or moves it to the dead-letter queue if it was
// the last one. cause is why the receiver failed, nil if the user abandoned it.
func (q *MessageQueue) abandon(ctx context.Context, d *Delivery, delay time.Duration, cause error) error {
	if q.session.Load().settings.isSpent(d.Count) && q.deadLetters.exist() {
		return q.bury(ctx, d, ReasonMaxDeliveries, cause)
	}
	telemetry := q.telemetry.Load()
	if err := q.release(ctx, d, delay); err != nil {
		return q.unsettled(d, err)
	}
	telemetry.count(ctx, countAbandoned, 1)
	telemetry.settled(ctx, "Abandoned", d)
	return nil
}

// release gives a delivery back after delay: by the storage if it can, else the base keeps the message.
func (q *MessageQueue) release(ctx context.Context, d *Delivery, delay time.Duration) error {
	if delay <= 0 {
		if err := q.storage.Release(ctx, d.Handle, true); err != nil {
			return err
		}
		d.markSettled()
		return nil
	}
	if releaser, ok := q.storage.(DelayedReleaser); ok {
		switch err := releaser.ReleaseDelayed(ctx, d.Handle, delay); {
		case err == nil:
			d.markSettled()
			return nil
		case !errors.Is(err, ErrNotSupported):
			return err
		}
	}
	d.settled.Store(true)
	if !d.locks.park(d, delay, nil) {
		q.giveBack(ctx, d, true)
	}
	return nil
}

// unsettled gives a delivery that could not be settled back to its holder, unless it is lost.
func (q *MessageQueue) unsettled(d *Delivery, err error) error {
	if errors.Is(err, ErrLockLost) {
		d.locks.lose(d)
	} else {
		d.locks.restore(d)
	}
	return err
}

// keepingTimeout bounds what the keeper of locks does for one delivery.
const keepingTimeout = 5 * time.Second

// perform does what is due with deliveries. The keeper of locks calls it.
func (q *MessageQueue) perform(due []dueDelivery) {
	if len(due) == 0 {
		return
	}
	s := q.session.Load()
	expired := make([]*Delivery, 0, len(due))
	var kept, parked []*Delivery
	for _, d := range due {
		switch d.duty {
		case dutyExpired:
			expired = append(expired, d.Delivery)
		case dutyExtend:
			kept = append(kept, d.Delivery)
		case dutyParked:
			parked = append(parked, d.Delivery)
		case dutyBury:
			s.locks.undertaker.add(d.Delivery)
		}
	}
	forMany(kept, func(d *Delivery) {
		q.withinKeepingTimeout(s, func(ctx context.Context) { q.extend(ctx, d) })
	})
	forMany(parked, func(d *Delivery) {
		q.withinKeepingTimeout(s, func(ctx context.Context) { q.releaseOrPark(ctx, d) })
	})
	q.expire(s, expired)
}

// withinKeepingTimeout calls what the keeper of locks does for one delivery, or for several in one step.
func (q *MessageQueue) withinKeepingTimeout(s *session, do func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(s.keeping, keepingTimeout)
	defer cancel()
	do(ctx)
}

// expire follows up on locks that ran out. A broker that keeps locks itself has released the messages.
func (q *MessageQueue) expire(s *session, expired []*Delivery) {
	if len(expired) == 0 {
		return
	}
	telemetry := q.telemetry.Load()
	telemetry.count(s.keeping, countExpired, int64(len(expired)))
	for _, d := range expired {
		telemetry.settled(s.keeping, "Lost the lock of", d)
	}
	if s.locks.keeper == LocksByBroker {
		return
	}
	back := make([]*Delivery, 0, len(expired))
	for _, d := range expired {
		if d.buried || s.settings.isSpent(d.Count) && q.deadLetters.exist() {
			q.parkToBury(s.keeping, d.withoutHolder(), 0, afterParking{reason: ReasonMaxDeliveries})
		} else {
			back = append(back, d)
		}
	}
	if q.releaseBatch(s, back) {
		return
	}
	forMany(back, func(d *Delivery) {
		q.withinKeepingTimeout(s, func(ctx context.Context) { q.releaseOrPark(ctx, d.withoutHolder()) })
	})
}

// releaseBatch releases deliveries in one step, if the storage can and does.
func (q *MessageQueue) releaseBatch(s *session, deliveries []*Delivery) (done bool) {
	releaser, ok := q.storage.(BatchReleaser)
	if !ok || len(deliveries) == 0 {
		return false
	}
	handles := make([]any, len(deliveries))
	for i, d := range deliveries {
		handles[i] = d.Handle
	}
	q.withinKeepingTimeout(s, func(ctx context.Context) { done = releaser.ReleaseBatch(ctx, handles) == nil })
	return done
}

// extend renews, on the broker, the lock of a message that a receiver works on.
func (q *MessageQueue) extend(ctx context.Context, d *Delivery) {
	extender, ok := q.storage.(LockExtender)
	if !ok {
		return
	}
	since := d.locks.now()
	if err := extender.Extend(ctx, d.Handle, d.locks.lockTimeout); err != nil {
		if errors.Is(err, ErrLockLost) {
			d.locks.revoke(d, ErrLockLost)
		}
		q.telemetry.Load().log(ctx, clog.LevelWarn, d.correlationId, q.redact(err),
			"Could not renew the lock of message %s on queue %s", d.id, q.name)
		return
	}
	d.locks.extended(d, since)
}

// releaseOrPark releases a delivery that nobody holds. If that fails it is kept and tried again later.
func (q *MessageQueue) releaseOrPark(ctx context.Context, d *Delivery) {
	err := q.storage.Release(ctx, d.Handle, true)
	if err == nil || errors.Is(err, ErrLockLost) {
		d.markSettled()
		return
	}
	if !d.locks.park(d, max(q.session.Load().settings.backOff(1), time.Millisecond), nil) {
		giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleGrace)
		defer cancel()
		q.giveBack(giving, d, true)
	}
}
