package nats

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Kinds in the descriptors of this module.
const (
	kind     = "nats"
	bareKind = "bare-nats"
)

// NatsMessageQueueFactory makes queues in JetStream, by name or by the descriptor
// pip-services:message-queue:nats:<name>:1.0.
type NatsMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*NatsMessageQueueFactory)(nil)

// NewNatsMessageQueueFactory makes a factory without configuration and references.
func NewNatsMessageQueueFactory() *NatsMessageQueueFactory {
	c := &NatsMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *NatsMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewNatsMessageQueue(name)
	c.Prepare(queue)
	return queue
}
