package redis

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// RedisMessageQueue is a queue in a stream of Redis. It keeps the whole contract; how durable its messages are
// is the server's persistence.
//
// Configuration parameters: name, queue, the options.* of every queue (docs/options.md of the core) and
// those of this kind (README.md), and
//
//	connection(s): protocol (redis, rediss), host, port, database, uri, tls.*, discovery_key
//	credential(s): username, password, store_key
//	dependencies.connection: a RedisConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:redis, and *:message-queue for options.dead_letter_queue.
type RedisMessageQueue struct {
	*queues.MessageQueue
}

var _ queues.IMessageQueueOverrides = (*RedisMessageQueue)(nil)

// NewRedisMessageQueue makes a closed queue of that name.
func NewRedisMessageQueue(name string) *RedisMessageQueue {
	c := &RedisMessageQueue{}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, newStorage())
	return c
}
