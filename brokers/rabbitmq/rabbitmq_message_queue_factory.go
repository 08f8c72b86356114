package rabbitmq

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// RabbitMQMessageQueueFactory makes queues in RabbitMQ, by name or by the descriptor
// pip-services:message-queue:rabbitmq:<name>:1.0.
type RabbitMQMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*RabbitMQMessageQueueFactory)(nil)

// NewRabbitMQMessageQueueFactory makes a factory without configuration and references.
func NewRabbitMQMessageQueueFactory() *RabbitMQMessageQueueFactory {
	c := &RabbitMQMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *RabbitMQMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewRabbitMQMessageQueue(name)
	c.Prepare(queue)
	return queue
}
