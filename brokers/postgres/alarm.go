package postgres

import (
	"sync"
	"time"
)

// alarm rings once, at the earliest moment it was set to.
type alarm struct {
	ring func()

	mu       sync.Mutex
	timer    *time.Timer
	at       time.Time // zero: not set
	disarmed bool
}

// within sets the alarm to ring no later than after d.
func (a *alarm) within(d time.Duration) {
	d = bounded(d)
	at := time.Now().Add(d)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.disarmed || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.at = at
	if a.timer == nil {
		a.timer = time.AfterFunc(d, a.due)
		return
	}
	a.timer.Reset(d)
}

func (a *alarm) due() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.disarmed || time.Now().Before(a.at) { // it was set anew while this was on its way
		return
	}
	a.at = time.Time{}
	a.ring()
}

func (a *alarm) disarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.disarmed = true
	if a.timer != nil {
		a.timer.Stop()
	}
}
