package queues

import "time"

// park keeps a delivery that begin took until delay has passed; then the keeper releases it, or the undertaker does
// what then says.
// It reports false when the table is closed.
func (t *lockTable) park(d *Delivery, delay time.Duration, then *afterParking) bool {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		d.state = deliveryEnded
		return false
	}
	if d.deadline <= now { // it was not held by this process so far
		d.deadline = now + t.lockTimeout
	}
	d.state, d.parking = deliveryParked, &parking{due: later(now, delay), then: then}
	t.events.Push(t.eventOf(d, now))
	t.rearm()
	return true
}

// resume takes a parked delivery for settling. It reports false when it is nobody's any more.
func (t *lockTable) resume(d *Delivery) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliveryParked {
		return false
	}
	t.events.Remove(int(d.place))
	d.state = deliverySettling
	return true
}

// keepUp keeps the lock of a delivery that is being settled, for settling that may take long. It reports false
// where that is not needed, or cannot be done; else the caller ends it with letGo.
func (t *lockTable) keepUp(d *Delivery) bool {
	if _, extends := t.queue.storage.(LockExtender); t.keeper == LocksByBase || !extends {
		return false
	}
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if d.deadline <= now { // it was not held by this process so far
		d.deadline = now + t.lockTimeout
	}
	d.state = deliverySettling
	t.events.Push(t.eventOf(d, now))
	t.rearm()
	return true
}

// letGo ends keepUp. It reports false when the lock was lost meanwhile.
func (t *lockTable) letGo(d *Delivery) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.state != deliverySettling {
		return false
	}
	t.events.Remove(int(d.place))
	return true
}
