package rabbitmq

import (
	"slices"
	"time"
)

// Before a consumer is ended there shall be nothing on its way to it; see counter.
const (
	quietLimit = 50 * time.Millisecond // when nothing has come for so long, nothing is on its way

	// It may become quiet never. Then as many messages come as the consumer may hold, or else it is ended
	// after this time.
	lingerLimit  = 2 * time.Second
	stopPatience = 500 * time.Millisecond // of who counts messages meanwhile
	closingLimit = 500 * time.Millisecond
)

// stop ends the consumers, and passes on what nobody has taken. If they may be handed more, they end behind guards.
func (sub *subscription) stop() {
	sub.turn <- struct{}{} // whoever starts a consumer is through soon
	defer func() { <-sub.turn }()
	sub.mu.Lock()
	sub.stopped = true
	f := sub.feed
	sub.feed = nil
	sub.mu.Unlock()
	defer func() { sub.session.counter.put(sub.takeAll()...) }()
	if f == nil {
		return
	}
	f.setEnding(true)
	if sub.linger(f); !f.isFull() && !isDone(sub.session.closing) && sub.session.counter.guard() {
		_ = f.lane.ask() // what the server has pushed before comes before the answer
	}
	for _, tag := range f.tags {
		_ = f.lane.cancel(tag) // if that fails the server has back what it has delivered
	}
	f.setEnding(false)
	f.pumps.Wait()
	sub.session.lanes.retire(f.lane)
}

// takeAll returns what is in the buffer and not void.
func (sub *subscription) takeAll() []*handle {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	all := withoutVoid(sub.buffer)
	sub.buffer = nil
	return all
}

// withoutVoid leaves out what the server has back, because its channel is closed.
func withoutVoid(handles []*handle) []*handle {
	return slices.DeleteFunc(handles, func(h *handle) bool { return h.lane.ch.IsClosed() })
}

// linger returns when nothing more can come, because as many messages are held as may be, or nothing has
// come for a while. What comes meanwhile is for those who wait.
func (sub *subscription) linger(f *feed) {
	quiet, limit := time.NewTimer(quietLimit), time.NewTimer(lingerLimit)
	defer quiet.Stop()
	defer limit.Stop()
	closing := sub.session.closing
	asked := false
	for !f.isFull() {
		select {
		case <-f.lane.gone:
			return
		case <-sub.signal:
			sub.restore(sub.session.counter.offer(sub.takeAll()))
			quiet.Reset(quietLimit)
			asked = false
		case <-quiet.C:
			if asked {
				return
			}
			began := time.Now()
			_ = f.lane.ask() // what is under way comes about when the answer comes, also from a server that is slow
			quiet.Reset(max(10*time.Millisecond, 4*time.Since(began)))
			asked = true
		case <-closing:
			closing = nil
			limit.Reset(closingLimit)
		case <-limit.C:
			return
		}
	}
}

// restore puts messages back into the buffer, in front of those that have come meanwhile.
func (sub *subscription) restore(handles []*handle) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	sub.buffer = append(handles, sub.buffer...)
}
