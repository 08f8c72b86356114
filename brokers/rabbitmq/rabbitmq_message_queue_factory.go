package rabbitmq

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// RabbitMQMessageQueueFactory makes queues in RabbitMQ, by name or by the descriptor
// pip-services:message-queue:rabbitmq:<name>:1.0.
type RabbitMQMessageQueueFactory struct {
	*build.KindFactory
}

// NewRabbitMQMessageQueueFactory makes a factory without configuration and references.
func NewRabbitMQMessageQueueFactory() *RabbitMQMessageQueueFactory {
	return &RabbitMQMessageQueueFactory{build.NewKindFactory(kind, NewRabbitMQMessageQueue)}
}
