package nats

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// held is a message that this process has taken and not settled.
type held struct {
	ack       string // subject that settling goes to
	sequence  uint64 // of the message in its stream
	delivered uint64 // how often the server has delivered it
	uncounted uint64 // how many of those do not count

	// Guarded by heldSet.mu.
	taken   time.Time
	touched time.Time // from when the server counts its ack wait, or before
}

// count is how many deliveries of the message count, this one included.
func (h *held) count() int {
	if h.uncounted >= h.delivered {
		return 1 // the server has lost count in a crash
	}
	return int(h.delivered - h.uncounted)
}

// heldSet keeps what is held locked on the server: it tells the server in time that the work goes on. The
// server ends the lock of what it has not heard of for the ack wait; the set then gives it up too.
type heldSet struct {
	link    *link
	ackWait time.Duration
	void    func(match func(handle any) bool)

	mu         sync.Mutex
	bySequence map[uint64]*held
	outdated   map[*held]bool // delivered anew, by a server that has forgotten
	wake       chan struct{}
}

func newHeldSet(link *link, ackWait time.Duration, void func(match func(handle any) bool)) *heldSet {
	return &heldSet{
		link:       link,
		ackWait:    ackWait,
		void:       void,
		bySequence: map[uint64]*held{},
		outdated:   map[*held]bool{},
		wake:       make(chan struct{}, 1),
	}
}

// add keeps a message that was delivered after since. One that is held already was delivered anew because the
// server has forgotten it; whoever holds it has lost it.
func (s *heldSet) add(h *held, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if older := s.bySequence[h.sequence]; older != nil {
		s.outdate(older)
	}
	h.taken, h.touched = since, since
	s.bySequence[h.sequence] = h
}

// forget gives up what was delivered before that moment, of messages after the one with that sequence, the last
// that the server knows of.
func (s *heldSet) forget(last uint64, before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sequence, h := range s.bySequence {
		if sequence > last && h.taken.Before(before) {
			s.outdate(h)
		}
	}
}

// outdate has run give up what the server has forgotten.
func (s *heldSet) outdate(h *held) {
	delete(s.bySequence, h.sequence)
	s.outdated[h] = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// remove forgets a message that is settled.
func (s *heldSet) remove(h *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySequence[h.sequence] == h {
		delete(s.bySequence, h.sequence)
	}
}

// check returns ErrLockLost if the server no longer keeps the message for this process.
func (s *heldSet) check(h *held) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySequence[h.sequence] != h || time.Since(h.touched) >= s.ackWait {
		return queues.ErrLockLost
	}
	return nil
}

// sequences lists what is held.
func (s *heldSet) sequences() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.AppendSeq(make([]uint64, 0, len(s.bySequence)), maps.Keys(s.bySequence))
}

// run keeps locks up until ctx ends.
func (s *heldSet) run(ctx context.Context) {
	ticker := time.NewTicker(max(s.ackWait/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.touch(ctx)
		case <-s.wake:
		}
		s.giveUp()
	}
}

// touch renews what was not renewed for a while.
func (s *heldSet) touch(ctx context.Context) {
	began := time.Now()
	var renewed []*held
	s.mu.Lock()
	for _, h := range s.bySequence {
		if age := began.Sub(h.touched); age >= s.ackWait/4 && age < s.ackWait { // what is older may have been delivered to another
			renewed = append(renewed, h)
		}
	}
	s.mu.Unlock()
	if len(renewed) == 0 {
		return
	}
	for _, h := range renewed {
		if s.link.conn.Publish(h.ack, []byte(sayProgress)) != nil {
			return
		}
	}
	limited, cancel := context.WithTimeout(ctx, max(s.ackWait/4, 10*time.Millisecond))
	defer cancel()
	if s.link.conn.FlushWithContext(limited) != nil { // without the server's word they may not have arrived
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range renewed {
		h.touched = began
	}
}

// giveUp tells the base of what the server has given to others, or is free to.
func (s *heldSet) giveUp() {
	now := time.Now()
	s.mu.Lock()
	lost := s.outdated
	s.outdated = map[*held]bool{}
	for sequence, h := range s.bySequence {
		if now.Sub(h.touched) >= s.ackWait {
			lost[h] = true
			delete(s.bySequence, sequence)
		}
	}
	s.mu.Unlock()
	if len(lost) == 0 {
		return
	}
	s.void(func(handle any) bool {
		h, ok := handle.(*held)
		return ok && lost[h]
	})
}

// What settling says to the server.
const (
	sayAck      = "+ACK"
	sayNak      = "-NAK"
	sayProgress = "+WPI"
)

func (h *held) answer(text string) *natsgo.Msg {
	return &natsgo.Msg{Subject: h.ack, Data: []byte(text)}
}
