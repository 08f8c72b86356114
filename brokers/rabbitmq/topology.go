package rabbitmq

import (
	"context"
	"errors"
	"fmt"
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
	err := s.administer(ctx, conn, func(ch *amqp.Channel) error { return declare(ch, s.settings, s.link.major) })
	if isUpgraded(err) {
		err = s.administer(ctx, conn, func(ch *amqp.Channel) error { return declare(ch, s.settings, limitedFrom-1) })
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

// declareAll makes what is missing.
func declareAll(ch *amqp.Channel, s settings, major int) error {
	if s.exchange != "" {
		if err := ch.ExchangeDeclare(s.exchange, s.exchangeType, s.persistent, s.autoDelete, false, false, nil); err != nil {
			return fmt.Errorf("making exchange %s: %w", s.exchange, failure(err))
		}
	}
	if s.noQueue {
		return nil
	}
	if err := declareQueue(ch, s, major); err != nil {
		return fmt.Errorf("making queue %s: %w", s.queue, failure(err))
	}
	if s.exchange != "" {
		if err := ch.QueueBind(s.queue, s.routingKey, s.exchange, false, nil); err != nil {
			return fmt.Errorf("binding queue %s to exchange %s: %w", s.queue, s.exchange, failure(err))
		}
	}
	return nil
}

// limitedFrom is the version from which quorum queues drop what was given back too often, unless they are
// told not to. The base moves such messages to the dead-letter queue, so that nothing shall be dropped.
const limitedFrom = 4

func declareQueue(ch *amqp.Channel, s settings, major int) error {
	arguments := amqp.Table{amqp.QueueTypeArg: s.queueType}
	if s.queueType == queueTypeQuorum && major >= limitedFrom {
		arguments["x-delivery-limit"] = int64(-1)
	}
	_, err := ch.QueueDeclare(s.queue, s.persistent, s.autoDelete, s.exclusive, false, arguments)
	return err
}

// declarePassive finds out whether everything is there.
func declarePassive(ch *amqp.Channel, s settings, _ int) error {
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

// isUpgraded tells that a queue is refused only because it was made by an older server, without a limit
// of deliveries.
func isUpgraded(err error) bool {
	answer, ok := errors.AsType[*amqp.Error](err)
	return ok && answer.Code == amqp.PreconditionFailed && strings.Contains(answer.Reason, "'x-delivery-limit'")
}
