package connect

import (
	"context"
	"time"
)

// maxRetryDelay bounds the delay between attempts.
const maxRetryDelay = time.Second

// Retry is how long a call goes on with attempts while the server is away, for calls that end what has been
// worked on: a short outage would have it done twice otherwise. It belongs to one call.
type Retry struct {
	giveUp time.Time
	delay  time.Duration
	next   time.Time
}

// NewRetry makes attempts for limit, options.connect_timeout as a rule: the second one after first, each further one
// after twice as long, up to a second.
func NewRetry(first, limit time.Duration) *Retry {
	return &Retry{giveUp: time.Now().Add(limit), delay: first}
}

// Again plans one more attempt. It reports false if that would be after the limit.
func (r *Retry) Again() bool {
	r.next = time.Now().Add(r.delay)
	r.delay = min(2*r.delay, maxRetryDelay)
	return !r.next.After(r.giveUp)
}

// Next is when the attempt that Again has planned is due.
func (r *Retry) Next() time.Time { return r.next }

// Await waits until then. It reports false if ctx ends or closing is closed before.
func (r *Retry) Await(ctx context.Context, closing <-chan struct{}) bool {
	timer := time.NewTimer(time.Until(r.next))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	case <-closing:
		return false
	}
}
