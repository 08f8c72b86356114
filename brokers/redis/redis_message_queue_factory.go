package redis

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// RedisMessageQueueFactory makes queues in Redis, by name or by the descriptor
// pip-services:message-queue:redis:<name>:1.0.
type RedisMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*RedisMessageQueueFactory)(nil)

// NewRedisMessageQueueFactory makes a factory without configuration and references.
func NewRedisMessageQueueFactory() *RedisMessageQueueFactory {
	c := &RedisMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *RedisMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewRedisMessageQueue(name)
	c.Prepare(queue)
	return queue
}
