package redis

import (
	"context"
	"time"
)

// Bounds of the delay between attempts to settle while the server is away.
const (
	minSettleDelay = 20 * time.Millisecond
	maxSettleDelay = time.Second
)

// patience is how long to go on with attempts to settle while the server is away: a message that was worked on
// would be delivered once more for a short outage otherwise.
type patience struct {
	giveUp time.Time
	delay  time.Duration
	again  time.Time // when the next attempt is due
}

func (s *session) newPatience() *patience {
	return &patience{giveUp: time.Now().Add(s.settlePatience), delay: minSettleDelay}
}

// renew plans one more attempt. It reports false when options.connect_timeout has passed by then.
func (p *patience) renew() bool {
	p.again = time.Now().Add(p.delay)
	p.delay = min(2*p.delay, maxSettleDelay)
	return !p.again.After(p.giveUp)
}

// outlasts tells whether the lock of a delivery ends before the next attempt.
func (p *patience) outlasts(h *handle) bool { return p.again.UnixNano() > h.until.Load() }

// await waits for the next attempt. It reports false if ctx or the session ends before.
func (s *session) await(ctx context.Context, p *patience) bool {
	timer := time.NewTimer(time.Until(p.again))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	}
}
