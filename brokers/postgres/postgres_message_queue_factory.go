package postgres

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// kind is the kind in the descriptors of this module.
const kind = "postgres"

// PostgresMessageQueueFactory makes queues in PostgreSQL, by name or by the descriptor
// pip-services:message-queue:postgres:<name>:1.0.
type PostgresMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*PostgresMessageQueueFactory)(nil)

// NewPostgresMessageQueueFactory makes a factory without configuration and references.
func NewPostgresMessageQueueFactory() *PostgresMessageQueueFactory {
	c := &PostgresMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *PostgresMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewPostgresMessageQueue(name)
	c.Prepare(queue)
	return queue
}
