package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// PostgresMessageQueue is a queue in a table of PostgreSQL. It keeps the whole contract: order, locks,
// delays and dead letters are the table's, and outlive processes and the server's restarts.
//
// Configuration parameters: name, queue, the options.* of every queue (docs/options.md of the core) and
// those of this kind (README.md), and
//
//	connection(s): host, port, database, uri, tls.*, discovery_key
//	credential(s): username, password, store_key
//	dependencies.connection: a PostgresConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:postgres, and *:message-queue for options.dead_letter_queue.
type PostgresMessageQueue struct {
	*queues.MessageQueue
	storage *storage
}

var _ queues.IMessageQueueOverrides = (*PostgresMessageQueue)(nil)

// NewPostgresMessageQueue makes a closed queue of that name.
func NewPostgresMessageQueue(name string) *PostgresMessageQueue {
	c := &PostgresMessageQueue{storage: newStorage()}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, c.storage)
	return c
}

// SendTx sends a copy of the envelope within tx: the message is there when tx commits, together with
// whatever else it does, and never if it does not (a transactional outbox, without a table and a
// process of its own). tx may be of any connection to the database that the queue is in, whose user
// may insert into its table.
//
// The message takes its place in the queue when it is sent, not when tx commits: one that commits late comes
// before messages that were sent later and committed earlier, unless those have been received by then.
//
// Errors: as Send. After an error of the server tx can only be rolled back.
func (c *PostgresMessageQueue) SendTx(ctx context.Context, tx pgx.Tx, correlationId string, envelope *queues.MessageEnvelope) error {
	return c.sendWithin(ctx, correlationId, envelope, tx != nil, func(ctx context.Context, statement string, arguments []any, place *time.Time) error {
		return tx.QueryRow(ctx, statement, arguments...).Scan(place, nil)
	})
}

// SendSQLTx is SendTx for a transaction of database/sql, over the driver of pgx (package stdlib) or any
// other that takes $1 for a parameter.
func (c *PostgresMessageQueue) SendSQLTx(ctx context.Context, tx *sql.Tx, correlationId string, envelope *queues.MessageEnvelope) error {
	return c.sendWithin(ctx, correlationId, envelope, tx != nil, func(ctx context.Context, statement string, arguments []any, place *time.Time) error {
		var nothing any
		return tx.QueryRowContext(ctx, statement, arguments...).Scan(place, &nothing)
	})
}

// withinKey is the key of a transaction in the ctx that goes through the base to the storage.
type withinKey struct{}

// executor runs a statement that returns a place in somebody's transaction.
type executor func(ctx context.Context, statement string, arguments []any, place *time.Time) error

// sendWithin sends by way of the base, which checks, copies and counts as it does for Send.
func (c *PostgresMessageQueue) sendWithin(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope, given bool, execute executor) error {
	if !given {
		return fmt.Errorf("queue %s: %w: the transaction is nil", c.Name(), queues.ErrBadMessage)
	}
	return c.Send(context.WithValue(ctx, withinKey{}, execute), correlationId, envelope)
}
