package queues

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Delivery is one hand-over of a message: what a storage fills in, and the lock that the base keeps
// on it. Its address is the opaque token in the reference of the envelope that the user gets.
type Delivery struct {
	// Message is the message as the storage has it. It stays as it is: the user gets a copy, and what
	// goes to the dead-letter queue is made from this one. Payload and headers may be the storage's own.
	Message MessageEnvelope
	// Count is how many times the message has been delivered, this time included.
	Count int
	// Handle is what the storage needs to settle it.
	Handle any

	envelope MessageEnvelope // the user's copy
	locks    *lockTable
	settled  atomic.Bool // set once the message is settled: settling again is a no-op

	// Guarded by locks.mu.
	state     deliveryState
	renewed   bool          // the lock is renewed for as long as a receiver works
	timeout   time.Duration // what the lock is taken or renewed for
	deadline  time.Duration // when the lock ends, on the clock of locks
	wake      time.Duration // when the keeper has something to do with it
	place     int           // in locks.events; -1: not there
	then      afterParking
	wasParked bool                    // when it ended: it had failed, and its delivery counts
	cancel    context.CancelCauseFunc // ends the receiver's ctx when the lock is lost; may be nil
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

// afterParking is what to do with a parked delivery when it is due, and what to try once more later
// if that fails.
type afterParking struct {
	bury    bool // move it to the dead-letter queue rather than release it
	reason  string
	cause   error
	retries int
}

// open gives the user a copy of the message with the lock token in it.
func (d *Delivery) open() *MessageEnvelope {
	d.envelope = d.Message
	d.envelope.Message = slices.Clone(d.Message.Message)
	d.envelope.Headers = maps.Clone(d.Message.Headers)
	d.envelope.DeliveryCount = d.Count
	d.envelope.reference = d
	return &d.envelope
}

// markSettled makes further settling a no-op, and lets go of what the storage gave: a user may keep
// the envelope, which keeps the delivery.
func (d *Delivery) markSettled() {
	d.Message, d.Handle = MessageEnvelope{}, nil
	d.settled.Store(true)
}

func (d *Delivery) isSettled() bool { return d.settled.Load() }
