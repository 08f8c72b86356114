package rabbitmq

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// RabbitMQMessageQueue is a queue in RabbitMQ: at least once, durable, with competing consumers. Messages come
// in the order of sending; one that is given back may come after later ones.
//
// Configuration parameters: name, queue, the options.* of every queue (docs/options.md of the core) and
// those of this kind (README.md), and
//
//	exchange
//	connection(s): protocol (amqp, amqps), host, port, vhost, uri, tls.*, discovery_key
//	credential(s): username, password, store_key
//	dependencies.connection: a RabbitMQConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:rabbitmq, and *:message-queue for options.dead_letter_queue.
type RabbitMQMessageQueue struct {
	*queues.MessageQueue
}

var _ queues.IMessageQueueOverrides = (*RabbitMQMessageQueue)(nil)

// NewRabbitMQMessageQueue makes a closed queue of that name.
func NewRabbitMQMessageQueue(name string) *RabbitMQMessageQueue {
	c := &RabbitMQMessageQueue{}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, newStorage())
	return c
}
