package nats

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// puller asks the consumer of a queue for messages. It asks for many at a time only if they are there; to wait
// it asks for one.
//
// A request cannot be taken back: what the server is about to put into a subscription that is gone counts as delivered,
// and comes again only when its lock has run out. So a request that nobody waits for any more is parked, until it ends
// or somebody takes it over. If a message comes meanwhile it is given back, uncounted.
type puller struct {
	link     *link
	subject  string // that requests go to
	giveBack func(ctx context.Context, message *natsgo.Msg)

	watched atomic.Bool   // whether there are parked requests
	arrived chan struct{} // gets something when one of them may have been answered

	mu     sync.Mutex
	closed bool
	idle   []*pull // without a request
	parked []*pull
	giving chan struct{} // closed when messages that are being given back are; nil if there are none
}

const (
	maxIdlePulls = 64
	allParked    = math.MaxInt // for claim
	allMessages  = math.MaxInt // for brought
)

func newPuller(link *link, stream, consumer string, giveBack func(context.Context, *natsgo.Msg)) *puller {
	return &puller{
		link:     link,
		subject:  "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer,
		giveBack: giveBack,
		arrived:  make(chan struct{}, 1),
	}
}

// subscription returns one for a request that may bring as much as there is room for.
func (p *puller) subscription(room int) (*pull, error) {
	p.mu.Lock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if one := p.idle[i]; cap(one.answers) == room {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.mu.Unlock()
			return one, nil
		}
	}
	p.mu.Unlock()
	one := &pull{address: p.link.conn.NewInbox(), answers: make(chan *natsgo.Msg, room)}
	var err error
	one.sub, err = p.link.conn.Subscribe(one.address, func(message *natsgo.Msg) {
		select {
		case one.answers <- message:
		default: // more than was asked for
		}
		if p.watched.Load() {
			p.stir()
		}
	})
	if err != nil {
		return nil, err
	}
	return one, one.sub.SetPendingLimits(-1, -1) // the request is the limit
}

// put takes back a request, which is left to itself if it has not ended.
func (p *puller) put(one *pull) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed || one.left == 0 && len(p.idle) == maxIdlePulls:
		one.discard()
	case one.left == 0:
		p.idle = append(p.idle, one)
	default:
		p.parked = append(p.parked, one)
		p.watched.Store(true)
		p.stir() // something may have come before it was watched
	}
}

func (p *pull) discard() {
	_ = p.sub.Unsubscribe() // it fails only when there is no connection, and then there is no subscription
}

func (p *puller) stir() {
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

// claim takes over up to most parked requests, once what they have brought is given back.
func (p *puller) claim(ctx context.Context, most int) ([]*pull, error) {
	for {
		p.mu.Lock()
		giving := p.giving
		if giving == nil {
			p.dropLost()
			n := min(most, len(p.parked))
			claimed := slices.Clone(p.parked[:n])
			p.parked = slices.Delete(p.parked, 0, n)
			p.mu.Unlock()
			return claimed, nil
		}
		p.mu.Unlock()
		select {
		case <-giving:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// dropLost forgets parked requests that went with their connection, or that the server does not end.
func (p *puller) dropLost() {
	p.parked = slices.DeleteFunc(p.parked, func(one *pull) bool {
		lost := len(one.answers) == 0 && (!p.link.isStill(one.connection) || time.Since(one.until) > pullWait)
		if lost {
			one.discard()
		}
		return lost
	})
}

// run looks after parked requests until ctx ends.
func (p *puller) run(ctx context.Context) {
	for {
		select {
		case <-p.arrived:
			p.sweep(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// sweep gives back what parked requests have brought, and forgets those that have ended.
func (p *puller) sweep(ctx context.Context) {
	p.mu.Lock()
	p.dropLost()
	var messages []*natsgo.Msg
	p.parked = slices.DeleteFunc(p.parked, func(one *pull) bool {
		messages = append(messages, one.brought(allMessages)...)
		if one.left > 0 {
			return false
		}
		p.idle = append(p.idle, one)
		return true
	})
	p.watched.Store(len(p.parked) > 0)
	if len(messages) == 0 {
		p.mu.Unlock()
		return
	}
	giving := make(chan struct{})
	p.giving = giving
	p.mu.Unlock()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
	defer cancel()
	for _, message := range messages {
		p.giveBack(limited, message)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giving = nil
	close(giving)
}

// close ends all requests, after run.
func (p *puller) close() {
	p.mu.Lock()
	p.closed = true
	var closed []chan struct{}
	for _, one := range p.parked {
		done := make(chan struct{})
		one.sub.SetClosedHandler(func(string) { close(done) })
		if p.link.isStill(one.connection) && one.sub.Drain() == nil {
			closed = append(closed, done)
		}
	}
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), attemptTimeout/2)
	defer cancel()
	for _, done := range closed {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	p.sweep(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range append(p.idle, p.parked...) {
		one.discard()
	}
	p.idle, p.parked = nil, nil
}
