package postgres

import (
	"sync/atomic"
	"time"
)

// places is what a queue object remembers of the places that it has given: so that messages of one sender keep their order
// even when the clock of the server is set back or another server takes over.
type places struct {
	next atomic.Int64 // the earliest place for the next message, in microseconds
}

// least is the earliest place for the next message.
func (p *places) least() time.Time { return time.UnixMicro(p.next.Load()).UTC() }

// given notes a place that was given: what is sent from now on comes after it.
func (p *places) given(place time.Time) {
	next := place.UnixMicro() + 1
	for {
		least := p.next.Load()
		if next <= least || p.next.CompareAndSwap(least, next) {
			return
		}
	}
}
