package connect

import "sync"

// Family shares a client among targets that connect to the same server with the same settings: a queue
// and its dead-letter queue. The zero value is ready.
type Family struct {
	mu    sync.Mutex
	lease any // *Lease[C], the last one that was made; its client may be closed
}

// shareOf returns a lease of the client of a family; nil if there is none.
func shareOf[C any](f *Family) *Lease[C] {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, ok := f.lease.(*Lease[C]); ok {
		return last.Share()
	}
	return nil
}

func (f *Family) keep(lease any) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lease = lease
}
