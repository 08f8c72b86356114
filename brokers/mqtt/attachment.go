package mqtt

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/uuid"
)

// attachment is a connection to one of a queue's sessions.
type attachment struct {
	link    *link
	manager *autopaho.ConnectionManager
	inbox   *inbox
	options attachOptions
	filter  string
	qos     byte

	ctx   context.Context // ends when it is detached
	end   context.CancelFunc
	tasks sync.WaitGroup
	up    chan bool  // receives, for each new connection, whether the session was there
	ready chan error // receives what became of the first subscription

	mu      sync.Mutex
	handled int64 // messages that the receiver has been given
	waiting int   // for that to change
	moved   chan struct{}
}

// attachOptions are what an attachment is for.
type attachOptions struct {
	receiveMaximum uint16
	// resubscribe says to subscribe even if the session is there, and was therefore subscribed when it was made.
	resubscribe bool
	// deliver is given each message, one at a time, and may block until ctx ends with the connection. nil: none are wanted.
	deliver func(ctx context.Context, message *paho.Publish, r *receipt)
	// lost is told that a connection is over; what came by it is the server's again. May be nil.
	lost func(*period)
	// keep says whether to connect anew after the connection was lost. nil: no.
	keep func() bool
	// farewell is what the server shall publish, retained, when the connection breaks off. nil: nothing.
	farewell *paho.WillMessage
}

// attach connects to a session, which is made if it is not there, and subscribes. Whoever is connected
// to it is disconnected.
func (l *link) attach(ctx context.Context, p *plan, number int, options attachOptions) (*attachment, error) {
	a := &attachment{
		link:    l,
		options: options,
		filter:  p.filter(),
		qos:     p.qos,
		up:      make(chan bool, 1),
		ready:   make(chan error, 1),
		moved:   make(chan struct{}),
	}
	a.ctx, a.end = context.WithCancel(context.Background())
	a.inbox = newInbox(func(over *period) {
		if options.lost != nil {
			options.lost(over)
		}
	})
	id := p.session(number)
	if p.qos == 0 {
		id = "pip-" + uuid.NewString()
	}
	cfg := l.server.client(id)
	cfg.Session = a.inbox
	cfg.CleanStartOnInitialConnection = p.qos == 0
	cfg.ConnectPacketBuilder = func(request *paho.Connect, _ *url.URL) (*paho.Connect, error) {
		request.Properties = &paho.ConnectProperties{ReceiveMaximum: &options.receiveMaximum, RequestProblemInfo: true}
		if p.qos > 0 {
			expiry := p.expiry
			request.Properties.SessionExpiryInterval = &expiry
		}
		return request, nil
	}
	if options.farewell != nil {
		expiry := uint32(claimLife / time.Second)
		cfg.WillMessage, cfg.WillProperties = options.farewell, &paho.WillProperties{MessageExpiry: &expiry}
	}
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){a.receive}
	cfg.OnConnectionUp = func(_ *autopaho.ConnectionManager, answer *paho.Connack) {
		a.inbox.opened()
		select {
		case <-a.up: // of a connection that is lost again
		default:
		}
		a.up <- answer.SessionPresent // nobody else sends
	}
	cfg.OnConnectionDown = func() bool { return options.keep != nil && options.keep() }
	var err error
	if a.manager, _, err = l.server.dial(ctx, cfg); err != nil {
		a.end()
		return nil, err
	}
	a.tasks.Go(a.subscribing)
	select {
	case err = <-a.ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		a.detach(context.WithoutCancel(ctx))
		return nil, err
	}
	return a, nil
}

// retainedOnce says that what is retained shall be sent when the subscription is new only.
const retainedOnce = 1

// subscribing subscribes by each new connection whose session was not there: it may have ended meanwhile.
func (a *attachment) subscribing() {
	for {
		present := false
		select {
		case present = <-a.up:
		case <-a.ctx.Done():
			return
		}
		var err error
		if !present || a.options.resubscribe {
			var connected *period
			if connected, err = a.inbox.await(a.ctx); err != nil {
				return
			}
			err = subscribe(a.ctx, a.manager, connected, paho.SubscribeOptions{Topic: a.filter, QoS: a.qos, RetainHandling: retainedOnce})
		}
		select {
		case a.ready <- err:
		default: // nobody waits any more: if it failed the connection is lost, and there will be another one
		}
	}
}

// detach disconnects. The session stays, with what is in it.
func (a *attachment) detach(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, a.link.server.patience)
	defer cancel()
	a.end()
	if p := a.inbox.ready(); p != nil {
		p.wind()
		if a.qos > 0 && a.options.deliver != nil {
			// Closing a connection on which something has arrived unread may take what was sent last with it.
			answered, cancel := context.WithTimeout(ctx, farewellGrace)
			a.roundTrip(answered, p)
			cancel()
		}
	}
	_ = a.manager.Disconnect(ctx) // the server notices either way
	a.tasks.Wait()
}

// How long a good-bye may take: the answer of the server, and all of it when the ctx of the caller has ended already.
// Without one, others take this process for alive until its claims run out.
const (
	farewellGrace = 300 * time.Millisecond
	hurriedGrace  = 200 * time.Millisecond
)

// roundTrip returns when the server has read what was sent so far, and what it had sent before has arrived.
func (a *attachment) roundTrip(ctx context.Context, connected *period) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(connected.ctx, cancel)()
	nothing := a.link.registry.links() + "/nothing"
	_, _ = a.manager.Unsubscribe(limited, &paho.Unsubscribe{Topics: []string{nothing}}) // that there is an answer is enough
}

// hasEnded tells whether the connection was lost and shall not be made anew.
func (a *attachment) hasEnded() bool {
	select {
	case <-a.manager.Done():
		return true
	default:
		return false
	}
}

// receive is called by the library with each message.
func (a *attachment) receive(received paho.PublishReceived) (bool, error) {
	message := received.Packet
	if message.QoS > 0 {
		defer a.moveOn()
	}
	p := a.inbox.period()
	if p == nil || a.options.deliver == nil {
		return true, nil // it comes again
	}
	r := p.take(message.PacketID, message.QoS)
	if r == nil {
		return true, nil
	}
	if belongsToRegistry(a.link.registry.prefix, message.Topic) { // to a subscription to # comes everything
		_ = p.settle(r)
		return true, nil
	}
	a.options.deliver(p.ctx, message, r)
	return true, nil
}

func (a *attachment) moveOn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handled++
	if a.waiting > 0 {
		close(a.moved)
		a.moved = make(chan struct{})
	}
}

// stillness is after what time a receiver that has been given a message has no room for it.
const stillness = 20 * time.Millisecond

// flush returns when the receiver has been given what the server had to send, or as much as it takes.
func (a *attachment) flush(ctx context.Context) error {
	connected := a.inbox.ready()
	if connected == nil {
		return nil // what comes by the next connection comes later
	}
	a.roundTrip(ctx, connected)
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(connected.ctx, cancel)()
	a.awaitHandled(limited, a.inbox.arrived.Load())
	return ctx.Err()
}

func (a *attachment) awaitHandled(ctx context.Context, count int64) {
	still := time.NewTimer(stillness)
	defer still.Stop()
	a.mu.Lock()
	a.waiting++
	for a.handled < count {
		moved := a.moved
		a.mu.Unlock()
		over := false
		select {
		case <-moved:
			still.Reset(stillness)
		case <-still.C:
			over = true
		case <-ctx.Done():
			over = true
		}
		a.mu.Lock()
		if over {
			break
		}
	}
	a.waiting--
	a.mu.Unlock()
}

// lostOrNil is lost for an err that may be nil.
func lostOrNil(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	return lost(ctx, doing, err)
}
