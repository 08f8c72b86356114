package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Put publishes a message, and returns when the server has confirmed that a queue has it.
func (st *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	published, err := publishing(message, s.settings.persistent)
	if err == nil {
		err = s.send(ctx, s.forth(), &published)
	}
	return s.fail("", err)
}

// forth is where messages are sent to.
func (s *session) forth() route {
	return route{exchange: s.settings.exchange, key: s.settings.routingKey}
}

// PutDelayed publishes a message to where it waits.
func (st *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	published, err := publishing(message, s.settings.persistent)
	if err == nil {
		err = s.sendLater(ctx, s.forth(), &published, delay)
	}
	return s.fail("sending for later", err)
}

// sendLater publishes a message that goes to a route after delay. Another process may have cleared the queue,
// and with it have deleted where delayed messages wait.
func (s *session) sendLater(ctx context.Context, to route, message *amqp.Publishing, delay time.Duration) error {
	message.Expiration = expiration(delay)
	for again := true; ; again = false {
		where, err := s.delays.to(ctx, to, delay)
		if err == nil {
			err = s.trySend(ctx, where, message)
		}
		if !again || !errors.Is(err, errUnroutable) {
			return err
		}
		s.delays.forget()
	}
}

// Purge removes what is ready and what waits. The server does not take messages from their holders.
func (st *storage) Purge(ctx context.Context) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	conn, err := s.ready(ctx)
	if err != nil {
		return s.fail("clearing", err)
	}
	s.delays.forget()
	err = s.administer(ctx, conn, func(ch *amqp.Channel) error {
		if err := s.delays.clear(ch); err != nil {
			return err
		}
		if _, err := ch.QueuePurge(s.settings.queue, false); err != nil {
			return fmt.Errorf("purging: %w", err)
		}
		return nil
	})
	return s.fail("clearing", err)
}

// ready returns the connection that receives, when there is what the queue needs.
func (s *session) ready(ctx context.Context) (*amqp.Connection, error) {
	if err := s.topology.ensure(ctx); err != nil {
		return nil, err
	}
	return s.link.taking.get(ctx)
}
