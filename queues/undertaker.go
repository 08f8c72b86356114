package queues

import (
	"sync"
	"sync/atomic"
)

// undertaker buries the messages that their dead-letter queue has not taken at once and that nobody waits
// for: one after the other, as it may take its time over each of them. It holds up neither listeners nor the keeper of
// locks, who keeps the locks of those in line.
type undertaker struct {
	refused atomic.Bool // the last burial failed

	mu     sync.Mutex
	line   []*Delivery // parked, in the order in which they were due; some may be nobody's any more
	called chan struct{}
}

func newUndertaker() *undertaker { return &undertaker{called: make(chan struct{}, 1)} }

// add puts a parked delivery at the end of the line.
func (u *undertaker) add(d *Delivery) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.line = append(u.line, d)
	select {
	case u.called <- struct{}{}:
	default:
	}
}

// takeLine returns who stands in line, and leaves it empty.
func (u *undertaker) takeLine() []*Delivery {
	u.mu.Lock()
	defer u.mu.Unlock()
	line := u.line
	u.line = nil
	return line
}

// run buries until stop is closed. Those that are in line then are parked still.
func (u *undertaker) run(stop <-chan struct{}, bury func(*Delivery)) {
	for {
		select {
		case <-u.called:
		case <-stop:
			return
		}
		for _, d := range u.takeLine() {
			select {
			case <-stop:
				return
			default:
			}
			if d.locks.resume(d) {
				bury(d)
			}
		}
	}
}
