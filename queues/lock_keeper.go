package queues

import (
	"runtime"
	"time"
)

// duty is what the keeper has to do with a delivery.
type duty uint8

const (
	dutyExpired duty = iota // its lock ran out
	dutyExtend              // its lock needs extending on the broker
	dutyParked              // its time in parking is over
	dutyBury                // likewise, and the undertaker shall have it; it stays parked until then
)

type dueDelivery struct {
	*Delivery
	duty duty
}

// due appends what is due now to list, at most dueBatch, and returns it with the moment to look again.
func (t *lockTable) due(list []dueDelivery) ([]dueDelivery, time.Duration) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.events.Len() > 0 && t.events.Min().wake <= now && len(list) < dueBatch {
		d := t.events.Min().Delivery
		switch {
		case d.state == deliveryParked && now >= d.parking.due && d.parking.then != nil:
			d.parking.due = never
			t.events.Replace(int(d.place), t.eventOf(d, now))
			list = append(list, dueDelivery{d, dutyBury})
		case d.state == deliveryParked && now >= d.parking.due:
			t.events.Remove(int(d.place))
			d.state = deliverySettling
			list = append(list, dueDelivery{d, dutyParked})
		case now >= d.deadline:
			t.events.Remove(int(d.place))
			t.end(d, ErrLockLost)
			list = append(list, dueDelivery{d, dutyExpired})
		default:
			t.events.Replace(int(d.place), lockEvent{t.nextTry(d, now), d}) // in case extending fails
			list = append(list, dueDelivery{d, dutyExtend})
		}
	}
	t.armed = never
	if t.events.Len() > 0 {
		t.armed = t.events.Min().wake
	}
	return list, t.armed
}

// nextTry is when to try again to extend a lock if it fails now: in half of the time that is left,
// until too little of it is left.
func (t *lockTable) nextTry(d *Delivery, now time.Duration) time.Duration {
	next := d.deadline
	if left := d.deadline - now; left > t.lockTimeout/16 {
		next = now + left/2
	}
	if d.state == deliveryParked {
		next = min(next, d.parking.due)
	}
	return next
}

// extended records that the broker has extended the lock of a delivery, counted from since.
func (t *lockTable) extended(d *Delivery, since time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.place >= 0 && (d.state != deliveryHeld || d.renewed) {
		t.extend(d, since, t.lockTimeout)
	}
}

// run does what is due, by calling perform, until stop is closed.
func (t *lockTable) run(stop <-chan struct{}, perform func([]dueDelivery)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var list []dueDelivery
	for {
		var next time.Duration
		list, next = t.due(list[:0])
		perform(list)
		full := len(list) == dueBatch
		clear(list)
		if full {
			select {
			case <-stop:
				return
			default:
				// Who waits for one of the mutexes comes first. Else it gets none before it has waited for 1 ms, when the
				// mutex itself sees to that: while 100 000 locks ran out, that was the time of most calls.
				runtime.Gosched()
				continue
			}
		}
		if next != never {
			timer.Reset(next - t.now())
		} else {
			timer.Stop()
		}
		select {
		case <-timer.C:
		case <-t.kick:
		case <-stop:
			return
		}
	}
}
