package queues

import (
	"context"
	"sync/atomic"
	"time"
)

// Delivery is one hand-over of a message: what a storage fills in, and the lock that the base keeps
// on it. Its address is the opaque token in the reference of the envelope that the user gets.
type Delivery struct {
	// Message is the message, payload and headers included: the storage gives it away, and it becomes
	// the envelope that the user gets.
	Message MessageEnvelope
	// Count is how many times the message has been delivered, this time included.
	Count int
	// Handle is what the storage needs to settle it.
	Handle any

	id, correlationId string           // of the message: what the user has may have been changed
	pristine          *MessageEnvelope // what goes to the dead-letter queue, if the storage does not keep originals
	locks             *lockTable
	settled           atomic.Bool // set once the message is settled: settling again is a no-op
	buried            bool        // it is in the dead-letter queue and has only to be removed here

	// Guarded by locks.mu.
	state     deliveryState
	renewed   bool          // the lock is renewed for as long as a receiver works
	wasParked bool          // when it ended: it had failed, and its delivery counts
	place     int32         // in locks.events; -1: not there
	deadline  time.Duration // when the lock ends, on the clock of locks
	parking   *parking
	cancel    context.CancelCauseFunc // ends the receiver's ctx when the lock is lost; may be nil
}

// roomyDelivery is a delivery with room for a small payload: a storage that has to copy what it hands over needs no
// allocation of its own for that. One is allocated for each message; it has 352 bytes, and more would be 384, which
// takes 3 % more of the processor's time for a message.
type roomyDelivery struct {
	delivery [1]Delivery
	room     [104]byte
}

// newDeliveries makes empty deliveries for a storage to fill.
func (q *MessageQueue) newDeliveries(count int) []Delivery {
	s := q.session.Load()
	if count > 1 || s == nil || !s.traits.Local {
		return make([]Delivery, count)
	}
	roomy := new(roomyDelivery)
	roomy.delivery[0].Message.Message = roomy.room[:0]
	return roomy.delivery[:]
}

// deliveryState is where a delivery is in its life.
type deliveryState uint8

const (
	deliveryTaken    deliveryState = iota // by the base, not locked yet
	deliveryHeld                          // locked: the holder may settle it
	deliverySettling                      // a settling call is under way
	deliveryParked                        // failed: the base keeps it until it is due again
	deliveryEnded                         // settled, or its lock is lost
)

// parking is until when a delivery is parked, and what to do then.
type parking struct {
	due  time.Duration // on the clock of locks
	then *afterParking
}

// afterParking is what to do with a parked delivery when it is due, and to try once more later if that
// fails: to bury it. A nil one says to release it.
type afterParking struct {
	reason  string
	cause   error
	retries int
}

// keep notes what the base needs to know of the message once the user has it.
func (d *Delivery) keep(locks *lockTable, pristine bool) {
	d.locks = locks
	d.id, d.correlationId = d.Message.MessageId, d.Message.CorrelationId
	if pristine {
		d.pristine = d.Message.Clone()
	}
}

// open makes the message the user's, with the lock token in it.
func (d *Delivery) open() *MessageEnvelope {
	d.Message.DeliveryCount = d.Count
	d.Message.reference = d
	return &d.Message
}

// withoutHolder is a delivery of the same message that is the base's alone: the one whose lock ran out still
// has d, and what happens to the message now is not its business.
func (d *Delivery) withoutHolder() *Delivery {
	return &Delivery{
		Count: d.Count, Handle: d.Handle, id: d.id, correlationId: d.correlationId,
		pristine: d.pristine, buried: d.buried, locks: d.locks,
	}
}

// markSettled makes further settling a no-op.
func (d *Delivery) markSettled() {
	d.pristine = nil // a user may keep the envelope, which keeps the delivery
	d.settled.Store(true)
}

func (d *Delivery) isSettled() bool { return d.settled.Load() }
