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

	mu      sync.Mutex
	list    []*handle
	running bool
	gaveUp  bool
}

// add has messages given back, soon. It does not wait; close of the session does.
func (r *returner) add(handles []*handle) {
	if len(handles) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, handles...)
	if !r.running && !r.gaveUp {
		r.running = true
		r.session.calls.Go(r.run) // the caller's own holds the count above zero
	}
}

// giveUp leaves to the server what is not on its way yet.
func (r *returner) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.gaveUp = nil, true
}

func (r *returner) next() []*handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.list[:min(len(r.list), mostReturned)]
	r.list = r.list[len(batch):]
	if len(batch) == 0 {
		r.running, r.list = false, nil
	}
	return batch
}

func (r *returner) run() {
	for batch := r.next(); len(batch) > 0; batch = r.next() {
		r.giveBack(batch)
	}
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
