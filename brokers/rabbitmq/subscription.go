package rabbitmq

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// subscriptions are those of the listeners of a queue. The base does not say who takes, but one who waits for
// several messages is a listener, or will soon be gone: a listener takes with one ctx for as long as it
// listens, and anyone else with one that ends with the call. A subscription ends with that ctx.
type subscriptions struct {
	session *session
	tags    atomic.Uint64

	mu    sync.Mutex
	known map[<-chan struct{}]*subscription // by ctx.Done()
}

// of returns the subscription of who takes with ctx, and whether there was one before; nil for one who needs
// none. The first Take of a listener asks for all that it has room for; later ones may ask for less.
func (p *subscriptions) of(ctx context.Context, asked int) (sub *subscription, known bool) {
	key := ctx.Done()
	if key == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.known[key]; ok {
		return known, true
	}
	if asked == 1 || isDone(p.session.closing) {
		return nil, false
	}
	if p.known == nil {
		p.known = map[<-chan struct{}]*subscription{}
	}
	sub = &subscription{session: p.session, asked: asked, signal: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	sub.unwatch = context.AfterFunc(ctx, func() { p.end(key) })
	p.known[key] = sub
	return sub, false
}

// end is called when the ctx of a subscription has ended.
func (p *subscriptions) end(key <-chan struct{}) {
	if !p.session.begin() {
		return // close sees to it
	}
	defer p.session.calls.Done()
	p.mu.Lock()
	sub := p.known[key]
	delete(p.known, key)
	p.mu.Unlock()
	if sub != nil {
		sub.stop()
	}
}

// stopAll ends all subscriptions, for close.
func (p *subscriptions) stopAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sub := range p.known {
		sub.unwatch()
		p.session.calls.Go(sub.stop)
	}
}

// newTag makes a name for a consumer.
func (p *subscriptions) newTag() string { return "pip-" + strconv.FormatUint(p.tags.Add(1), 36) }

// subscription has the server push messages ahead of one listener, so that the next is here when it asks.
// The server pushes no more than what the listener may have in work and ahead.
type subscription struct {
	session *session
	asked   int // what the listener has room for at a time
	unwatch func() bool
	signal  chan struct{} // holds one token: there is something to see
	turn    chan struct{} // takes the token of who starts or ends consumers

	mu      sync.Mutex
	feed    *feed // nil before the first take, and after it was lost
	buffer  []*handle
	stopped bool
}

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

func (sub *subscription) wake() {
	select {
	case sub.signal <- struct{}{}:
	default:
	}
}

// take returns what has been pushed, and waits for it.
func (sub *subscription) take(ctx context.Context, dst []queues.Delivery) (int, error) {
	for {
		if n, more := sub.takePushed(dst); n > 0 {
			if more {
				sub.wake() // another Take of this listener
			}
			return n, nil
		}
		if err := sub.sustain(ctx); err != nil {
			return 0, err
		}
		select {
		case <-sub.signal:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-sub.session.closing:
			return 0, queues.ErrNotOpened
		}
	}
}

// takePushed fills dst with what is in the buffer.
func (sub *subscription) takePushed(dst []queues.Delivery) (n int, more bool) {
	sub.mu.Lock()
	taken := sub.buffer[:min(len(dst), len(sub.buffer))]
	sub.buffer = sub.buffer[len(taken):]
	more = len(sub.buffer) > 0
	sub.mu.Unlock()
	fill(dst, taken)
	return len(taken), more
}

// sustain sees to it that the server may push: it subscribes, or lets the server push more if all that it
// has pushed is held and not settled, as by receivers that settle later.
func (sub *subscription) sustain(ctx context.Context) error {
	select {
	case sub.turn <- struct{}{}:
		defer func() { <-sub.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	sub.mu.Lock()
	f, stopped := sub.feed, sub.stopped
	sub.mu.Unlock()
	s := sub.session
	switch {
	case stopped:
		return errors.Join(ctx.Err(), queues.ErrNotOpened)
	case f == nil:
		l, err := s.lanes.lend(ctx)
		if err != nil {
			return err
		}
		f = &feed{lane: l}
		return sub.consume(ctx, f, sub.asked-1+max(1, s.settings.concurrency))
	case f.unsettled.Load() >= int64(f.credit):
		return sub.consume(ctx, f, f.credit)
	default:
		return nil
	}
}

// mostPrefetch is what the protocol has room for.
const mostPrefetch = 1<<16 - 1

// consume starts one more consumer, which may have so many messages unsettled.
func (sub *subscription) consume(ctx context.Context, f *feed, prefetch int) error {
	s := sub.session
	prefetch = min(prefetch, mostPrefetch)
	tag := s.listening.newTag()
	first := f.credit == 0
	start := func() (<-chan amqp.Delivery, error) {
		deliveries, err := f.lane.consume(s.settings.queue, tag, prefetch)
		if err != nil && first {
			s.lanes.retire(f.lane)
		}
		return deliveries, err
	}
	deliveries, err := await(ctx, s, start, func(deliveries <-chan amqp.Delivery) {
		sub.join(f, tag, prefetch, deliveries)
		sub.stop() // the listener has gone meanwhile
	})
	if err != nil {
		return err
	}
	sub.join(f, tag, prefetch, deliveries)
	return nil
}

// join adds a consumer to a feed.
func (sub *subscription) join(f *feed, tag string, prefetch int, deliveries <-chan amqp.Delivery) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	f.credit += prefetch
	f.tags = append(f.tags, tag)
	sub.feed = f
	f.pumps.Go(func() { sub.pump(f, deliveries) })
}

// pump moves what is pushed into the buffer, until the consumer ends.
func (sub *subscription) pump(f *feed, deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		h := f.lane.handle(d, f)
		f.unsettled.Add(1)
		sub.mu.Lock()
		sub.buffer = append(sub.buffer, h)
		sub.mu.Unlock()
		sub.wake()
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.feed != f { // this side has ended it, or it is known already
		return
	}
	// The server has ended the consumer, because the connection is lost or the queue is gone. Who takes next
	// subscribes anew.
	sub.feed = nil
	if f.lane.ch.IsClosed() {
		sub.buffer = nil // they are back in the queue
	}
	sub.session.lanes.retire(f.lane)
	sub.wake()
}

// Before a consumer is ended there shall be nothing on its way to it; see counter.
const (
	quietLimit = 50 * time.Millisecond // when nothing has come for so long, nothing is on its way

	// It may become quiet never. Then as many messages come as the consumer may hold, or else it is ended
	// after this time.
	lingerLimit  = 2 * time.Second
	closingLimit = 500 * time.Millisecond
)

// stop ends the consumers, and passes on what nobody has taken.
func (sub *subscription) stop() {
	sub.turn <- struct{}{} // whoever starts a consumer is through soon
	defer func() { <-sub.turn }()
	sub.mu.Lock()
	sub.stopped = true
	f := sub.feed
	sub.feed = nil
	sub.mu.Unlock()
	if f == nil {
		return
	}
	f.setEnding(true)
	sub.linger(f)
	for _, tag := range f.tags {
		_ = f.lane.cancel(tag) // if that fails the server has back what it has delivered
	}
	f.setEnding(false)
	f.pumps.Wait()
	sub.session.lanes.retire(f.lane)
	if rest := sub.takeAll(); !f.lane.ch.IsClosed() {
		sub.session.counter.put(rest...)
	}
}

func (sub *subscription) takeAll() []*handle {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	all := sub.buffer
	sub.buffer = nil
	return all
}

// linger returns when nothing more can come, because as many messages are held as may be, or nothing has
// come for a while. What comes meanwhile is for those who wait.
func (sub *subscription) linger(f *feed) {
	quiet, limit := time.NewTimer(quietLimit), time.NewTimer(lingerLimit)
	defer quiet.Stop()
	defer limit.Stop()
	closing := sub.session.closing
	asked := false
	for f.unsettled.Load() < int64(f.credit) && !f.lane.ch.IsClosed() {
		select {
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
