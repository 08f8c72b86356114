package rabbitmq

import (
	"sync"
	"sync/atomic"
)

// feed is what a subscription gets over one channel.
type feed struct {
	lane      *lane
	tags      []string // of the consumers
	credit    int      // what may be unsettled
	unsettled atomic.Int64
	pumps     sync.WaitGroup

	mu      sync.Mutex
	ending  bool     // what is settled makes room for another message: it has to wait
	waiting []func() // settles
}

// delay has something settled when the consumers have ended, if they are about to. It reports false if
// they are not.
func (f *feed) delay(settle func()) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		f.waiting = append(f.waiting, settle)
	}
	return f.ending
}

// isEnding tells that what is settled has to wait.
func (f *feed) isEnding() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ending
}

// setEnding says whether the consumers are about to end. When they have, it settles what has waited for that.
func (f *feed) setEnding(ending bool) {
	f.mu.Lock()
	f.ending = ending
	waiting := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	for _, settle := range waiting {
		settle()
	}
}

// isFull tells that the server pushes nothing more until something is settled.
func (f *feed) isFull() bool { return f.unsettled.Load() >= int64(f.credit) }
