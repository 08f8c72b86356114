package rabbitmq

import "sync"

// ledger lists what a channel has delivered and nobody has settled, in the order of the tags. Messages that are
// completed together, and are all there is at the start of the list, need one acknowledgement: the server writes
// one entry into its log for it, instead of one for each message.
type ledger struct {
	mu          sync.Mutex
	first, last *handle
	latest      uint64 // tag
	gaps        bool   // there are deliveries that are not here: acknowledging up to a tag would include them
}

// entry is the place of a handle in the ledger.
type entry struct {
	before, after *handle
	listed        bool
	complete      bool // its receiver is through
}

// add notes a delivery. Tags are numbers in a row.
func (l *ledger) add(h *handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.raw.DeliveryTag != l.latest+1 {
		l.gaps = true
	}
	l.latest = max(l.latest, h.raw.DeliveryTag)
	h.entry = entry{before: l.last, listed: true}
	if l.last == nil {
		l.first = h
	} else {
		l.last.entry.after = h
	}
	l.last = h
}

// strike notes that the server has been told what becomes of a message.
func (l *ledger) strike(h *handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(h)
}

func (l *ledger) remove(h *handle) {
	if !h.entry.listed {
		return
	}
	before, after := h.entry.before, h.entry.after
	if before == nil {
		l.first = after
	} else {
		before.entry.after = after
	}
	if after == nil {
		l.last = before
	} else {
		after.entry.before = before
	}
	h.entry = entry{}
}

// complete has messages acknowledged, with as few calls of ack as can be. It returns the first error.
func (l *ledger) complete(handles []*handle, ack func(tag uint64, upTo bool) error) (err error) {
	l.mu.Lock() // until the server is told: nobody else acknowledges the same
	defer l.mu.Unlock()
	for _, h := range handles {
		h.entry.complete = h.entry.listed
	}
	note := func(each error) {
		if err == nil {
			err = each
		}
	}
	var last uint64
	count := 0
	for h := l.first; h != nil && h.entry.complete && !l.gaps; h = l.first {
		last = h.raw.DeliveryTag
		count++
		l.remove(h)
	}
	if count > 0 {
		note(ack(last, count > 1))
	}
	for _, h := range handles {
		if h.entry.listed {
			l.remove(h)
			note(ack(h.raw.DeliveryTag, false))
		}
	}
	return err
}
