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

// Count asks the server, which counts ready messages only.
func (st *storage) Count(ctx context.Context) (int64, error) {
	s, err := st.enter()
	if err != nil {
		return 0, err
	}
	defer s.calls.Done()
	for {
		count, err := s.count(ctx)
		if err != nil || count > 0 || time.Since(time.Unix(0, s.requeued.Load())) > settlingTime {
			return count, s.fail("counting", err)
		}
		timer := time.NewTimer(settlingTime / 20)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return count, nil
		case <-s.closing:
			timer.Stop()
			return 0, queues.ErrNotOpened
		}
	}
}

// settlingTime is how long after a message was put back an empty queue is asked again: the server answers
// before it has written down what it was told before.
const settlingTime = 200 * time.Millisecond

func (s *session) count(ctx context.Context) (int64, error) {
	conn, err := s.ready(ctx)
	if err != nil {
		return 0, err
	}
	count, err := await(ctx, s, func() (count int64, err error) {
		err = onChannel(conn, func(ch *amqp.Channel) error {
			queue, err := ch.QueueDeclarePassive(s.settings.queue, s.settings.persistent, s.settings.autoDelete, s.settings.exclusive, false, nil)
			count = int64(queue.Messages)
			return err
		})
		return count, err
	}, func(int64) {})
	// What this side has got and nobody wanted is ready too.
	return count + int64(s.counter.held()+s.returner.count()), err
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
