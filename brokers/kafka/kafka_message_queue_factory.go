package kafka

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// kind is the kind in the descriptors of this module.
const kind = "kafka"

// KafkaMessageQueueFactory makes queues in Kafka, by name or by the descriptor
// pip-services:message-queue:kafka:<name>:1.0.
type KafkaMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*KafkaMessageQueueFactory)(nil)

// NewKafkaMessageQueueFactory makes a factory without configuration and references.
func NewKafkaMessageQueueFactory() *KafkaMessageQueueFactory {
	c := &KafkaMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *KafkaMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewKafkaMessageQueue(name)
	c.Prepare(queue)
	return queue
}
