package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// topology is what a queue needs on the server: the queue, and the exchange that it is bound to. It is
// made, or looked for, once for each connection: what is exclusive, or not durable, goes with the one
// before, or with a restart of the server.
type topology struct {
	session *session
	turn    chan struct{} // takes the token of who makes it

	mu   sync.Mutex
	made *amqp.Connection // for this one it is there
}

func newTopology(s *session) *topology { return &topology{session: s, turn: make(chan struct{}, 1)} }

// forget has the next ensure look again.
func (t *topology) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made = nil
}

func (t *topology) isMadeFor(conn *amqp.Connection) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.made == conn
}

// ensure sees to it that everything is there. Errors: ErrBadConfig for what is missing or different,
// ErrNoConnection.
func (t *topology) ensure(ctx context.Context) error {
	for {
		conn, err := t.session.link.taking.get(ctx)
		if err != nil || t.isMadeFor(conn) {
			return err
		}
		select {
		case t.turn <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		err = t.make(ctx, conn)
		<-t.turn
		if err == nil || ctx.Err() != nil || !conn.IsClosed() || errors.Is(err, queues.ErrBadConfig) {
			return err
		}
	}
}

func (t *topology) make(ctx context.Context, conn *amqp.Connection) error {
	if t.isMadeFor(conn) {
		return nil
	}
	s := t.session
	declare := declarePassive
	if s.settings.autoCreate {
		declare = declareAll
	}
	err := s.administer(ctx, conn, func(ch *amqp.Channel) error { return declare(ch, s.settings, limited) })
	if hasNoLimit(err) {
		err = s.administer(ctx, conn, func(ch *amqp.Channel) error { return declare(ch, s.settings, unlimited) })
	}
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made = conn
	return nil
}

// administer does something on a channel of its own, which the server closes if it does not like it.
func (s *session) administer(ctx context.Context, conn *amqp.Connection, action func(ch *amqp.Channel) error) error {
	_, err := await(ctx, s, func() (struct{}, error) { return struct{}{}, onChannel(conn, action) }, func(struct{}) {})
	return failure(err)
}

// onChannel calls action with a new channel, and closes it.
func onChannel(conn *amqp.Connection, action func(ch *amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	err = action(ch)
	if closing := ch.Close(); err == nil {
		err = closing
	}
	return err
}

// limit says whether a quorum queue has a limit of deliveries.
type limit bool

const (
	unlimited limit = false
	limited   limit = true
)

// deliveryLimit is one that is never reached. A queue that has a limit puts what is given back at its head, and
// one without at its end. From RabbitMQ 4 on the limit would otherwise be 20, and the server would drop
// what was given back more often; it is the base that moves such messages to the dead-letter queue.
const deliveryLimit = int64(math.MaxInt32)

// declareAll makes what is missing.
func declareAll(ch *amqp.Channel, s settings, limit limit) error {
	if s.exchange != "" {
		if err := ch.ExchangeDeclare(s.exchange, s.exchangeType, s.persistent, s.autoDelete, false, false, nil); err != nil {
			return fmt.Errorf("making exchange %s: %w", s.exchange, failure(err))
		}
	}
	if s.noQueue {
		return nil
	}
	if err := declareQueue(ch, s, limit); err != nil {
		return fmt.Errorf("making queue %s: %w", s.queue, failure(err))
	}
	if s.exchange != "" {
		if err := ch.QueueBind(s.queue, s.routingKey, s.exchange, false, nil); err != nil {
			return fmt.Errorf("binding queue %s to exchange %s: %w", s.queue, s.exchange, failure(err))
		}
	}
	return nil
}

func declareQueue(ch *amqp.Channel, s settings, limit limit) error {
	arguments := amqp.Table{amqp.QueueTypeArg: s.queueType}
	if s.queueType == queueTypeQuorum && limit == limited {
		arguments["x-delivery-limit"] = deliveryLimit
	}
	_, err := ch.QueueDeclare(s.queue, s.persistent, s.autoDelete, s.exclusive, false, arguments)
	return err
}

// declarePassive finds out whether everything is there.
func declarePassive(ch *amqp.Channel, s settings, _ limit) error {
	if s.exchange != "" {
		if err := ch.ExchangeDeclarePassive(s.exchange, s.exchangeType, s.persistent, s.autoDelete, false, false, nil); err != nil {
			return missing("exchange", s.exchange, err)
		}
	}
	if s.noQueue {
		return nil
	}
	if _, err := ch.QueueDeclarePassive(s.queue, s.persistent, s.autoDelete, s.exclusive, false, nil); err != nil {
		return missing("queue", s.queue, err)
	}
	return nil
}

func missing(what, name string, err error) error {
	if isMissing(err) {
		return fmt.Errorf("%w: there is no %s %s; make it, or set %s: true: %w", queues.ErrBadConfig, what, name, optionAutoCreate, err)
	}
	return fmt.Errorf("looking for %s %s: %w", what, name, failure(err))
}

// hasNoLimit tells that a queue is refused only because it is there without our limit of deliveries, as when
// another program has made it.
func hasNoLimit(err error) bool {
	answer, ok := errors.AsType[*amqp.Error](err)
	return ok && answer.Code == amqp.PreconditionFailed && strings.Contains(answer.Reason, "'x-delivery-limit'")
}
