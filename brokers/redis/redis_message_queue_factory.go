package redis

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// RedisMessageQueueFactory makes queues in Redis, by name or by the descriptor
// pip-services:message-queue:redis:<name>:1.0.
type RedisMessageQueueFactory struct {
	*build.KindFactory
}

// NewRedisMessageQueueFactory makes a factory without configuration and references.
func NewRedisMessageQueueFactory() *RedisMessageQueueFactory {
	return &RedisMessageQueueFactory{build.NewKindFactory(kind, NewRedisMessageQueue)}
}
