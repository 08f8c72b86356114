package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// PostgresConnection is a pool of connections that several queues share: those that name it under
// dependencies.connection. See connect.Connection for when it opens and closes.
//
// Its methods of IMessageQueueConnection manage the queues of the table that options.schema and
// options.table name.
//
// Configuration parameters: connection(s).* and credential(s).* of [PostgresMessageQueue], and options
// schema, table, auto_create (which hold for queues that do not set them), connect_timeout,
// max_pool_size and idle_timeout. References, optional: *:discovery, *:credential-store.
type PostgresConnection struct {
	*connect.Connection[*database]
}

var _ connect.IMessageQueueConnection = (*PostgresConnection)(nil)

// NewPostgresConnection makes a closed connection.
func NewPostgresConnection() *PostgresConnection {
	return &PostgresConnection{connect.NewConnection(client())}
}

// ReadQueueNames lists the queues of the table, dead-letter queues included.
func (c *PostgresConnection) ReadQueueNames() ([]string, error) {
	names := []string{}
	err := c.manage("listing queues", func(ctx context.Context, db *database, sql table.Statements) error {
		rows, err := db.pool.Query(ctx, sql.ListQueues)
		if err == nil {
			names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	return names, err
}

// CreateQueue adds a queue to the table; a no-op if it is there. Its dead-letter queue is a queue too, with .dead after the name,
// and must be made likewise for a queue that is opened with options.auto_create: false.
func (c *PostgresConnection) CreateQueue(name string) error {
	if name == "" {
		return fmt.Errorf("creating a queue: %w: the name is empty", queues.ErrBadConfig)
	}
	return c.manage("creating queue "+name, func(ctx context.Context, db *database, sql table.Statements) error {
		_, err := db.pool.Exec(ctx, sql.AddQueue, name)
		return err
	})
}

// DeleteQueue removes a queue and its messages; a no-op if it is not there.
func (c *PostgresConnection) DeleteQueue(name string) error {
	return c.manage("deleting queue "+name, func(ctx context.Context, db *database, sql table.Statements) error {
		_, err := db.pool.Exec(ctx, sql.DropQueue, name)
		return err
	})
}

// manage does something with the table, which is made first if it may be.
func (c *PostgresConnection) manage(doing string, action func(ctx context.Context, db *database, sql table.Statements) error) error {
	return c.Do(doing, func(ctx context.Context, db *database, options config.Values) error {
		t, err := namingOf(options, options).prepare(ctx, db, "")
		if err != nil {
			return err
		}
		return failure(ctx, action(ctx, db, t.Statements()))
	})
}
