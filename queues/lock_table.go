package queues

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues/internal/minheap"
)

// lockTable keeps the locks of an open queue: which deliveries are out, and until when. One heap of
// moments and one goroutine with one timer serve all of them.
type lockTable struct {
	queue       *MessageQueue
	keeper      LockKeeper
	lockTimeout time.Duration
	started     time.Time // moments are durations since then, on the monotonic clock
	kick        chan struct{}
	undertaker  *undertaker // of those that are parked to be buried

	mu     sync.Mutex
	events minheap.Heap[lockEvent] // of held and parked deliveries, the next one first
	armed  time.Duration           // when the keeper will look by itself
	closed bool
}

// lockEvent is when the keeper has something to do with a delivery.
type lockEvent struct {
	wake time.Duration
	*Delivery
}

// never is a moment that does not come.
const never time.Duration = math.MaxInt64

// dueBatch bounds how many due deliveries are taken out under one hold of the mutex. Others wait for it that
// long: some 20 µs.
const dueBatch = 64

func newLockTable(queue *MessageQueue, keeper LockKeeper, lockTimeout time.Duration) *lockTable {
	return &lockTable{
		queue:       queue,
		keeper:      keeper,
		lockTimeout: lockTimeout,
		started:     time.Now(),
		kick:        make(chan struct{}, 1),
		undertaker:  newUndertaker(),
		armed:       never,
		events: minheap.New(
			func(a, b lockEvent) bool { return a.wake < b.wake },
			func(e lockEvent, index int) { e.place = int32(index) },
		),
	}
}

func (t *lockTable) now() time.Duration { return time.Since(t.started) }

// hold locks taken deliveries. With renewed the locks are kept up until finish. cancel, if not nil, is
// called when a lock is lost. It reports false, and locks none, when the table is closed.
func (t *lockTable) hold(deliveries []Delivery, renewed bool, cancel context.CancelCauseFunc) bool {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	for i := range deliveries {
		d := &deliveries[i]
		d.state, d.renewed, d.cancel = deliveryHeld, renewed, cancel
		d.deadline = now + t.lockTimeout
		t.events.Push(t.eventOf(d, now))
	}
	t.rearm()
	return true
}

// eventOf is when the keeper must look at a delivery. The lock of one that is renewed, parked, or being buried, is
// kept up.
func (t *lockTable) eventOf(d *Delivery, now time.Duration) lockEvent {
	if d.state == deliveryHeld && !d.renewed {
		return lockEvent{d.deadline, d}
	}
	wake := never // nobody ends the lock but the base, and it does not while it is kept up
	if t.keeper == LocksByBroker {
		wake = now + (d.deadline-now)/2
	}
	if d.state == deliveryParked {
		wake = min(wake, d.parking.due)
	}
	return lockEvent{wake, d}
}

// later is the moment a duration after another one; never, if that is beyond counting.
func later(moment, duration time.Duration) time.Duration {
	if duration > never-moment {
		return never
	}
	return moment + duration
}

// rearm wakes the keeper when its timer is set too late.
func (t *lockTable) rearm() {
	if t.events.Len() > 0 && t.events.Min().wake < t.armed {
		t.armed = t.events.Min().wake
		select {
		case t.kick <- struct{}{}:
		default:
		}
	}
}

// start ties a held delivery to the receiver that is about to work on it. It reports false when the
// lock is lost already.
func (t *lockTable) start(d *Delivery, cancel context.CancelCauseFunc) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliveryHeld {
		return false
	}
	d.cancel = cancel
	return true
}

// finish ends that tie; from then on the lock is the holder's to keep, for one lock time-out.
func (t *lockTable) finish(d *Delivery) (held bool) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliveryHeld {
		return false
	}
	d.cancel = nil
	if d.renewed {
		d.renewed = false
		if t.keeper == LocksByBase {
			d.deadline = now + t.lockTimeout
		}
		t.events.Replace(int(d.place), t.eventOf(d, now))
		t.rearm()
	}
	return true
}

// len is how many deliveries are held or parked.
func (t *lockTable) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events.Len()
}

// keep has the lock of a held delivery kept up from now on.
func (t *lockTable) keep(d *Delivery) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state == deliveryHeld && !d.renewed {
		d.renewed = true
		t.events.Replace(int(d.place), t.eventOf(d, now))
		t.rearm()
	}
}

// begin takes a held delivery for settling: nobody else settles it and its lock does not run out
// meanwhile. The caller ends with markSettled, lose, restore or park. done reports that there is nothing to do.
func (t *lockTable) begin(d *Delivery) (done bool, err error) {
	var now time.Duration
	if t.keeper == LocksByBroker {
		now = t.now()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case d.isSettled() || d.state == deliverySettling:
		return true, nil
	case d.state != deliveryHeld:
		return false, ErrLockLost
	case t.keeper == LocksByBroker && now >= d.deadline:
		return false, ErrLockLost // the keeper is about to see it too
	}
	d.state, d.cancel = deliverySettling, nil
	t.events.Remove(int(d.place))
	return false, nil
}

// restore gives a delivery whose settling failed back to its holder, with the lock it had.
func (t *lockTable) restore(d *Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		d.state = deliveryEnded
		return
	}
	now := t.now()
	switch {
	case t.keeper == LocksByBase && (d.renewed || d.deadline <= now):
		d.deadline = now + t.lockTimeout
	case d.deadline <= now:
		t.end(d, ErrLockLost)
		return
	}
	d.state, d.renewed = deliveryHeld, false
	t.events.Push(t.eventOf(d, now))
	t.rearm()
}

// lose ends a delivery that begin took because it is no longer its holder's.
func (t *lockTable) lose(d *Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(d, ErrLockLost)
}

// revoke takes a held delivery from its holder, and ends the ctx of its receiver for that cause. It
// reports false when the holder is settling it, or has lost it already.
func (t *lockTable) revoke(d *Delivery, cause error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliveryHeld {
		return false
	}
	t.events.Remove(int(d.place))
	t.end(d, cause)
	return true
}

// renew makes the lock of a held delivery end timeout after since.
func (t *lockTable) renew(d *Delivery, since, timeout time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliveryHeld {
		return ErrLockLost
	}
	t.extend(d, since, timeout)
	return nil
}

func (t *lockTable) extend(d *Delivery, since, timeout time.Duration) {
	d.deadline = later(since, timeout)
	t.events.Replace(int(d.place), t.eventOf(d, since))
	t.rearm()
}

// isHeld tells whether the holder may still settle the delivery.
func (t *lockTable) isHeld(d *Delivery) bool {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return d.state == deliveryHeld && (t.keeper == LocksByBase || now < d.deadline)
}

// isDone tells whether the holder has settled the delivery, or is about to: there is nothing left to renew.
func (t *lockTable) isDone(d *Delivery) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return d.isSettled() || d.state == deliverySettling
}

// void ends the deliveries whose handles match, because they are no longer this process's.
func (t *lockTable) void(match func(handle any) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, event := range t.events.Items() {
		if match(event.Handle) {
			t.events.Remove(int(event.place))
			t.end(event.Delivery, ErrLockLost)
		}
	}
}

// empty ends all deliveries, but for those that are being settled, and returns them. With closed the table
// takes no more.
func (t *lockTable) empty(closed bool) []*Delivery {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = t.closed || closed
	all := t.events.Items()
	t.events.Clear()
	ended := make([]*Delivery, 0, len(all))
	for _, event := range all {
		if event.state == deliverySettling {
			t.events.Push(event)
			continue
		}
		t.end(event.Delivery, ErrLockLost)
		ended = append(ended, event.Delivery)
	}
	return ended
}

// end makes a delivery that is out of the heap nobody's.
func (t *lockTable) end(d *Delivery, cause error) {
	d.wasParked = d.state == deliveryParked
	d.state = deliveryEnded
	if d.cancel != nil {
		d.cancel(cause)
		d.cancel = nil
	}
}
