package rabbitmq

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

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
	sub = &subscription{session: p.session, asked: asked, signal: make(chan struct{}, 1), turn: make(chan struct{}, 1), over: make(chan struct{})}
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
	p.mu.Unlock()
	sub.stop()
	p.mu.Lock()
	delete(p.known, key)
	p.mu.Unlock()
	close(sub.over)
}

// awaitStops returns when the subscriptions that have to end are over, and what nobody has taken is passed on; or
// after a while, because one whose queue is never quiet takes its time.
func (p *subscriptions) awaitStops(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	for _, over := range p.ending() {
		select {
		case <-over:
		case <-p.session.closing:
		case <-limit.Done():
		}
	}
}

func (p *subscriptions) ending() (all []<-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for done, sub := range p.known {
		if isDone(done) {
			all = append(all, sub.over)
		}
	}
	return all
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

// adopt gives messages that came by another way to a listener. It reports false if there is none.
func (p *subscriptions) adopt(handles []*handle) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sub := range p.known {
		if sub.adopt(handles) {
			return true
		}
	}
	return false
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
	over    chan struct{} // closed when it has ended, unless the session is closed

	mu      sync.Mutex
	feed    *feed // nil before the first take, and after it was lost
	buffer  []*handle
	stopped bool
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

// adopt has the listener take messages that came by another way.
func (sub *subscription) adopt(handles []*handle) bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.stopped {
		return false
	}
	sub.buffer = append(sub.buffer, handles...)
	sub.wake()
	return true
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
	case f.isFull():
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
		deliveries, err := f.lane.consume(s.settings.queue, tag, prefetch, nil)
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
	sub.buffer = withoutVoid(sub.buffer)
	sub.session.lanes.retire(f.lane)
	sub.wake()
}
