package rabbitmq

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// RabbitMQConnection is a connection to RabbitMQ that several queues share: those that name it under
// dependencies.connection. It stands before them in the container's file. There are two connections in
// it, one to receive and one to publish; they are closed with the component and the last of its queues.
//
// Configuration parameters: connection(s).* and credential(s).* of [RabbitMQMessageQueue],
// options.connect_timeout, options.heartbeat, options.queue_type and options.management_uri. References,
// optional: *:discovery, *:credential-store.
type RabbitMQConnection struct {
	*connect.Connection[*link]
}

var _ connect.IMessageQueueConnection = (*RabbitMQConnection)(nil)

// NewRabbitMQConnection makes a closed connection.
func NewRabbitMQConnection() *RabbitMQConnection {
	return &RabbitMQConnection{connect.NewConnection(client())}
}

// ReadQueueNames lists the queues of the virtual host, by asking the server's management plugin, since
// AMQP cannot be asked. Those in which delayed messages wait are among them. Errors: ErrNotSupported without
// options.management_uri, ErrNoConnection.
func (c *RabbitMQConnection) ReadQueueNames() (names []string, err error) {
	err = c.Do("listing queues", func(ctx context.Context, l *link, options config.Values) error {
		uri := options.String(optionManagementURI)
		if uri == "" {
			return fmt.Errorf("%w: AMQP cannot list queues; enable the server's management plugin and set %s", queues.ErrNotSupported, optionManagementURI)
		}
		names, err = l.listQueues(ctx, uri)
		return err
	})
	return names, err
}

// CreateQueue makes a durable queue of the type options.queue_type; a no-op for one that is there. Its
// dead-letter queue is a queue too, with .dead after the name, and must be made likewise for a queue that
// is opened with options.auto_create: false. Errors: ErrBadConfig for a name that the server does not
// take, or has for a queue of another type.
func (c *RabbitMQConnection) CreateQueue(name string) error {
	return c.Do("creating queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		if name == "" {
			return fmt.Errorf("%w: the name is empty", queues.ErrBadConfig)
		}
		s := settings{queue: name, queueType: options.String(optionQueueType), persistent: true, autoCreate: true}
		if err := s.check(); err != nil {
			return err
		}
		err := l.manage(ctx, func(ch *amqp.Channel) error { return declareQueue(ch, s, limited) })
		if hasNoLimit(err) {
			err = l.manage(ctx, func(ch *amqp.Channel) error { return declareQueue(ch, s, unlimited) })
		}
		return err
	})
}

// DeleteQueue removes a queue and its messages; a no-op if there is none.
func (c *RabbitMQConnection) DeleteQueue(name string) error {
	return c.Do("deleting queue "+name, func(ctx context.Context, l *link, _ config.Values) error {
		if name == "" {
			return fmt.Errorf("%w: the name is empty", queues.ErrBadConfig)
		}
		return l.manage(ctx, func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete(name, false, false, false)
			return err
		})
	})
}

// manage does something on a channel of its own. If the server does not answer it goes on without.
func (l *link) manage(ctx context.Context, action func(ch *amqp.Channel) error) error {
	conn, err := l.taking.get(ctx)
	if err != nil {
		return err
	}
	answered := make(chan error, 1)
	l.taking.running.Go(func() { answered <- onChannel(conn, action) })
	select {
	case err := <-answered:
		return failure(err)
	case <-ctx.Done():
		return fmt.Errorf("%w: the server does not answer: %w", queues.ErrNoConnection, ctx.Err())
	}
}
