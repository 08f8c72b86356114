package main

import (
	"context"
	"fmt"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// queueLine is a queue of this repository, configured as it comes.
type queueLine struct{ queue queues.IMessageQueue }

func queueOf(kind string) peer {
	return peer{queuePeer, true, func(ctx context.Context, server *servers.Server, name string) (line, error) {
		queue, err := openQueue(ctx, kind, server, name)
		return queueLine{queue}, err
	}}
}

// configurable is what all queues are.
type configurable interface {
	queues.IMessageQueue
	Configure(ctx context.Context, config *cconf.ConfigParams)
}

func openQueue(ctx context.Context, kind string, server *servers.Server, name string) (queues.IMessageQueue, error) {
	var queue configurable
	switch kind {
	case "kafka":
		queue = kafka.NewKafkaMessageQueue(name)
	case "mqtt":
		queue = mqtt.NewMqttMessageQueue(name)
	case "nats":
		queue = nats.NewNatsMessageQueue(name)
	case "postgres":
		queue = postgres.NewPostgresMessageQueue(name)
	case "rabbitmq":
		queue = rabbitmq.NewRabbitMQMessageQueue(name)
	case "redis":
		queue = redis.NewRedisMessageQueue(name)
	default:
		return nil, fmt.Errorf("there is no kind %q", kind)
	}
	params := cconf.NewConfigParamsFromTuples(
		"connection.host", server.Host, "connection.port", server.Port, "options.listen_concurrency", concurrency)
	if server.Username != "" {
		params.SetAsObject("credential.username", server.Username)
		params.SetAsObject("credential.password", server.Password)
	}
	if kind == "postgres" {
		params.SetAsObject("connection.database", "postgres")
	}
	queue.Configure(ctx, params)
	return queue, queue.Open(ctx, "bench")
}

// prepare has a queue make what it needs on the server, for a client that works with the same.
func prepare(ctx context.Context, kind string, server *servers.Server, name string) error {
	queue, err := openQueue(ctx, kind, server, name)
	if err != nil {
		return err
	}
	return queue.Close(ctx, "bench")
}

func (l queueLine) send(ctx context.Context, payload []byte) error {
	return l.queue.Send(ctx, "bench", queues.NewMessageEnvelope("bench", "bench", payload))
}

func (l queueLine) listen(ctx context.Context, handle func()) error {
	err := l.queue.Listen(ctx, "bench", queues.NewCallbackMessageReceiver(
		func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
			handle()
			return nil
		}))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (l queueLine) close() error { return l.queue.Close(context.Background(), "bench") }
