package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mostUnconfirmed bounds the messages that a publisher has on their way. The client's reader waits for
// whoever takes returned messages: there is room for all of them, so it never does.
const mostUnconfirmed = 1024

// errUnroutable is why a message comes back: no queue takes it.
var errUnroutable = errors.New("no queue takes the message")

// route is where messages are published to.
type route struct {
	exchange, key string
}

func (r route) String() string {
	if r.exchange == "" {
		return "queue " + r.key
	}
	return fmt.Sprintf("exchange %s with routing key %q", r.exchange, r.key)
}

// publisher publishes on one channel, for any number of callers, with confirms.
type publisher struct {
	session *session
	ch      *amqp.Channel
	slots   chan struct{} // a token for each message on its way
	returns chan amqp.Return
	closed  chan *amqp.Error

	mu       sync.Mutex
	returned map[string]int // messages that came back, and that nobody has asked for yet
	cause    error          // why the channel was closed
}

// newPublisher opens a channel. The client waits for the server's answers whatever ctx says.
func newPublisher(s *session, conn *amqp.Connection) (*publisher, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, err // the channel is closed
	}
	return &publisher{
		session:  s,
		ch:       ch,
		slots:    make(chan struct{}, mostUnconfirmed),
		returns:  ch.NotifyReturn(make(chan amqp.Return, mostUnconfirmed)),
		closed:   ch.NotifyClose(make(chan *amqp.Error, 1)),
		returned: map[string]int{},
	}, nil
}

// pending is a message on its way.
type pending struct {
	publisher *publisher
	route     route
	id        string
	confirm   *amqp.DeferredConfirmation
}

// begin publishes a message; what becomes of it, end tells. Each begin without an error has its end.
func (p *publisher) begin(ctx context.Context, to route, message *amqp.Publishing) (*pending, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	confirm, err := p.ch.PublishWithDeferredConfirm(to.exchange, to.key, true, false, *message)
	if err != nil {
		<-p.slots
		return nil, p.failure(err)
	}
	return &pending{publisher: p, route: to, id: message.MessageId, confirm: confirm}, nil
}

// end returns nil when the server has taken the message. If ctx ends before the server has spoken it is
// not known whether it has.
func (m *pending) end(ctx context.Context) error {
	select {
	case <-m.confirm.Done():
	case <-ctx.Done():
		m.publisher.session.calls.Go(func() { // ends with the confirm, or with the channel
			<-m.confirm.Done()
			_ = m.outcome()
		})
		return ctx.Err()
	}
	return m.outcome()
}

// outcome is called when the confirm is there, or will never be.
func (m *pending) outcome() error {
	p := m.publisher
	defer func() { <-p.slots }()
	if p.takeReturned(m.route, m.id) {
		return fmt.Errorf("%w: %s", errUnroutable, m.route)
	}
	switch {
	case m.confirm.Acked():
		return nil
	case p.ch.IsClosed():
		return p.failure(errors.New("the channel was closed before the server had confirmed"))
	default:
		return fmt.Errorf("%w: the server refuses the message; a queue that has reached its max-length does, with the policy overflow: reject-publish", queues.ErrQueueFull)
	}
}

// takeReturned tells whether a message came back. The server returns it before it confirms it.
func (p *publisher) takeReturned(to route, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		select {
		case back, ok := <-p.returns:
			if ok {
				p.returned[returnKey(back.Exchange, back.RoutingKey, back.MessageId)]++
				continue
			}
			p.returns = nil // the channel is closed
			continue
		default:
		}
		break
	}
	if len(p.returned) == 0 {
		return false
	}
	key := returnKey(to.exchange, to.key, id)
	if p.returned[key] == 0 {
		return false
	}
	if p.returned[key]--; p.returned[key] == 0 {
		delete(p.returned, key)
	}
	return true
}

func returnKey(exchange, key, id string) string { return exchange + "\x00" + key + "\x00" + id }

// failure says why the channel was closed, or otherwise what err is.
func (p *publisher) failure(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause == nil {
		select {
		case reason := <-p.closed:
			if reason != nil {
				p.cause = reason
			}
		default:
		}
	}
	if p.cause != nil {
		err = p.cause
	}
	return err
}

// send publishes a message and returns when the server has taken it. A queue that has gone is made again.
func (s *session) send(ctx context.Context, to route, message *amqp.Publishing) error {
	err := s.trySend(ctx, to, message)
	if errors.Is(err, errUnroutable) && s.settings.autoCreate {
		s.topology.forget()
		if err = s.topology.ensure(ctx); err == nil {
			err = s.trySend(ctx, to, message)
		}
	}
	if errors.Is(err, errUnroutable) {
		return fmt.Errorf("%w: %w; bind a queue to the exchange with that key, or check %s, %s and %s", queues.ErrBadConfig, err, keyExchange, optionRoutingKey, optionNoQueue)
	}
	return err
}

func (s *session) trySend(ctx context.Context, to route, message *amqp.Publishing) error {
	if err := s.checkSize(message); err != nil {
		return err
	}
	if err := s.link.giving.awaitRoom(ctx); err != nil {
		return err
	}
	size := int64(len(message.Body))
	unproven := size > s.link.unproven.Load()
	var p *publisher
	var err error
	if unproven { // one that is too large closes its channel, which others need not share
		p, err = s.openPublisher(ctx)
	} else {
		p, err = s.publisher(ctx)
	}
	if err != nil {
		return err
	}
	m, err := p.begin(ctx, to, message)
	if err == nil {
		err = m.end(ctx)
	}
	if unproven {
		if err == nil {
			s.link.prove(size)
		}
		s.discard(p.ch)
	}
	return s.learn(err)
}

// checkSize refuses what is known to make the server close the channel, or the connection.
func (s *session) checkSize(message *amqp.Publishing) error {
	if most := s.link.largest.Load(); most > 0 && int64(len(message.Body)) > most {
		return fmt.Errorf("%w: %d bytes; the server's max_message_size is %d; lower %s, or raise that", queues.ErrMessageTooLarge, len(message.Body), most, config.MaxMessageSize)
	}
	const margin = 16
	if size := headSize(message); size > frameSize-margin {
		return fmt.Errorf("%w: ids, type and headers take up to %d bytes; the server takes %d (frame_max)", queues.ErrMessageTooLarge, size, frameSize-margin)
	}
	return nil
}

// learn remembers what the server says is too large.
func (s *session) learn(err error) error {
	answer, ok := errors.AsType[*amqp.Error](err)
	if !ok || answer.Code != amqp.PreconditionFailed {
		return err
	}
	if _, number, found := strings.Cut(answer.Reason, "configured max size "); found {
		var most int64
		if _, scanning := fmt.Sscan(number, &most); scanning == nil && most > 0 {
			s.link.largest.Store(most)
		}
	}
	return err
}

// prove notes that the server takes messages of that size.
func (l *link) prove(size int64) {
	for {
		proven := l.unproven.Load()
		if size <= proven || l.unproven.CompareAndSwap(proven, size) {
			return
		}
	}
}

// publisher returns the channel that this queue publishes on, which is opened if there is none.
func (s *session) publisher(ctx context.Context) (*publisher, error) {
	if p := s.sharedPublisher.Load(); p != nil && !p.ch.IsClosed() {
		return p, nil
	}
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := s.sharedPublisher.Load(); p != nil && !p.ch.IsClosed() {
		return p, nil
	}
	p, err := s.openPublisher(ctx)
	if err == nil {
		s.sharedPublisher.Store(p)
	}
	return p, err
}

// openPublisher opens a channel, and sees to it that there is what is published to.
func (s *session) openPublisher(ctx context.Context) (*publisher, error) {
	if err := s.topology.ensure(ctx); err != nil {
		return nil, err
	}
	conn, err := s.link.giving.get(ctx)
	if err != nil {
		return nil, err
	}
	return await(ctx, s, func() (*publisher, error) { return newPublisher(s, conn) }, func(p *publisher) { s.discard(p.ch) })
}
