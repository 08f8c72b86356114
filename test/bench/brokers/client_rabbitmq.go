package main

import (
	"context"
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// prefetch of the client: enough that nobody waits for the network.
const prefetch = 10 * concurrency

// rabbitLine publishes persistent, mandatory and confirmed to a quorum queue, and acknowledges each message.
type rabbitLine struct {
	conn    *amqp.Connection
	channel *amqp.Channel
	name    string
}

func openRabbitMQ(_ context.Context, server *servers.Server, name string) (line, error) {
	conn, err := amqp.Dial(server.URI())
	if err != nil {
		return nil, err
	}
	channel, err := conn.Channel()
	if err == nil {
		err = channel.Confirm(false)
	}
	if err == nil {
		_, err = channel.QueueDeclare(name, true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	}
	return rabbitLine{conn, channel, name}, err
}

func (l rabbitLine) send(ctx context.Context, payload []byte) error {
	confirm, err := l.channel.PublishWithDeferredConfirmWithContext(ctx, "", l.name, true, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: "0123456789abcdef0123456789abcdef", CorrelationId: "bench", Type: "bench",
		Timestamp: time.Now(), Body: payload,
	})
	if err != nil {
		return err
	}
	taken, err := confirm.WaitContext(ctx)
	if err == nil && !taken {
		err = errors.New("the server has refused the message")
	}
	return err
}

func (l rabbitLine) listen(ctx context.Context, handle func()) error {
	channel, err := l.conn.Channel()
	if err == nil {
		err = channel.Qos(prefetch, 0, false)
	}
	if err != nil {
		return err
	}
	deliveries, err := channel.Consume(l.name, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	err = untilDone(ctx, func(ctx context.Context) error {
		select {
		case delivery, ok := <-deliveries:
			if !ok {
				return amqp.ErrClosed
			}
			if err := delivery.Ack(false); err != nil {
				return err
			}
			handle()
		case <-ctx.Done():
		}
		return nil
	})
	return errors.Join(err, channel.Close())
}

func (l rabbitLine) close() error { return l.conn.Close() }
