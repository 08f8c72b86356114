package rabbitmq

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// mostReturned bounds how many copies are on their way at a time.
const mostReturned = 256

// returner gives messages back without counting. The server counts whatever comes back, so that each is
// published anew, with the true number of deliveries in a header, and then acknowledged. A stop gives back
// many at once: their copies are on their way together. A failure between confirm and acknowledgement
// leaves both, and one before it leaves the original, which then is counted.
type returner struct {
	session *session

	mu     sync.Mutex
	list   []*handle
	busy   int           // messages that are about to be given back, those of the list included
	free   chan struct{} // closed when there are none, and made anew
	added  uint64        // messages that were ever added
	gaveUp bool
}

// add has messages given back, soon. It does not wait; close of the session does.
func (r *returner) add(handles []*handle) {
	if len(handles) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gaveUp {
		return
	}
	r.list = append(r.list, handles...)
	r.added += uint64(len(handles))
	idle := r.busy == 0
	r.busy += len(handles)
	if idle {
		r.session.calls.Go(r.run) // the caller's own holds the count above zero
	}
}

// total says how many messages were to be given back until now.
func (r *returner) total() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.added
}

// await returns when those that are about to be given back now are. It reports false if there are none.
func (r *returner) await(ctx context.Context) bool {
	r.mu.Lock()
	busy, free := r.busy, r.free
	r.mu.Unlock()
	if busy == 0 {
		return false
	}
	select {
	case <-free:
	case <-ctx.Done():
	}
	return true
}

// giveUp leaves to the server what is not on its way yet.
func (r *returner) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.gaveUp = nil, true
}

func (r *returner) run() {
	for batch := r.next(0); len(batch) > 0; batch = r.next(len(batch)) {
		r.giveBack(batch)
	}
}

// next returns what to give back after so many that are.
func (r *returner) next(done int) []*handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy -= done
	batch := r.list[:min(len(r.list), mostReturned)]
	r.list = r.list[len(batch):]
	if r.gaveUp || len(batch) == 0 {
		batch, r.busy = nil, 0
		close(r.free)
		r.free = make(chan struct{})
	}
	return batch
}

// giveBack publishes copies of a batch, and acknowledges each message whose copy is confirmed. The others
// are put back by the server, and count.
func (r *returner) giveBack(batch []*handle) {
	s := r.session
	ctx, cancel := context.WithTimeout(context.Background(), s.link.giving.patience)
	defer cancel()
	to := s.back()
	onTheirWay := make([]*pending, len(batch))
	p, err := s.publisher(ctx)
	for i, h := range batch {
		if err == nil && !h.lane.ch.IsClosed() {
			message := uncounted(h)
			onTheirWay[i], _ = p.begin(ctx, to, &message)
		}
	}
	for i, h := range batch {
		if m := onTheirWay[i]; m != nil && m.end(ctx) == nil {
			_ = h.ack() // if that fails the message comes twice
			continue
		}
		_ = h.requeue() // if that fails the server has put it back already
	}
}

// uncounted is a copy of a message as if it had not been delivered this time.
func uncounted(h *handle) amqp.Publishing { return copyOf(h.raw, h.count-1) }
