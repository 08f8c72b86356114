package postgres

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// kind is the kind in the descriptors of this module.
const kind = "postgres"

// PostgresMessageQueueFactory makes queues in PostgreSQL, by name or by the descriptor
// pip-services:message-queue:postgres:<name>:1.0.
type PostgresMessageQueueFactory struct {
	*build.KindFactory
}

// NewPostgresMessageQueueFactory makes a factory without configuration and references.
func NewPostgresMessageQueueFactory() *PostgresMessageQueueFactory {
	return &PostgresMessageQueueFactory{build.NewKindFactory(kind, NewPostgresMessageQueue)}
}
