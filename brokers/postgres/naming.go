package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// naming says which table a queue is in, and whether it may be made.
type naming struct {
	schema, table string
	autoCreate    bool
}

// namingOf reads the options of a queue, and where it has none those of the connection that it shares.
func namingOf(own, shared config.Values) naming {
	of := func(key string) config.Values {
		if own.IsSet(key) {
			return own
		}
		return shared
	}
	return naming{
		schema:     of(optionSchema).String(optionSchema),
		table:      of(optionTable).String(optionTable),
		autoCreate: of(optionAutoCreate).Bool(optionAutoCreate),
	}
}

// prepare makes or checks the table, and what it knows of the queue; "" for no queue.
func (n naming) prepare(ctx context.Context, db *database, queue string) (table.Table, error) {
	t, err := n.find(db)
	if err != nil {
		return t, err
	}
	if err := n.check(ctx, db, t, queue); err != nil {
		return t, fmt.Errorf("table %s: %w", t, failure(ctx, err))
	}
	return t, nil
}

func (n naming) find(db *database) (table.Table, error) {
	schema := n.schema
	if schema == "" {
		schema = db.schema
	}
	t := table.New(schema, n.table)
	switch {
	case schema == "":
		return t, fmt.Errorf("%w: there is no schema in the search_path of the user; set %s", queues.ErrBadConfig, optionSchema)
	case n.table == "" || len(n.table) > table.MaxName:
		return t, fmt.Errorf("%w: %s: %q must have 1 to %d bytes", queues.ErrBadConfig, optionTable, n.table, table.MaxName)
	case strings.ContainsRune(schema+n.table, 0):
		return t, fmt.Errorf("%w: %s and %s must not contain a zero character", queues.ErrBadConfig, optionSchema, optionTable)
	}
	return t, nil
}

func (n naming) check(ctx context.Context, db *database, t table.Table, queue string) error {
	version, err := readVersion(ctx, db.pool, t)
	if err != nil {
		return err
	}
	if version < table.Version {
		if !n.autoCreate {
			return fmt.Errorf("%w: it is at version %d (0: not there), this release needs %d; set %s: true, or open a queue once with a user who may create tables",
				queues.ErrBadConfig, version, table.Version, optionAutoCreate)
		}
		if err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error { return migrate(ctx, tx, t) }); err != nil {
			return err
		}
	}
	if queue == "" {
		return nil
	}
	var known bool
	if err := db.pool.QueryRow(ctx, t.Statements().HasQueue, queue).Scan(&known); err != nil || known {
		return err
	}
	if !n.autoCreate {
		return fmt.Errorf("%w: it has no queue %q; set %s: true, or make the queue with CreateQueue of a connection component",
			queues.ErrBadConfig, queue, optionAutoCreate)
	}
	_, err = db.pool.Exec(ctx, t.Statements().AddQueue, queue)
	return err
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// readVersion returns the version of the table, 0 if it is not there.
func readVersion(ctx context.Context, db querier, t table.Table) (int, error) {
	schema, name := t.Names()
	var comment *string
	err := db.QueryRow(ctx, table.FindVersion, schema, name).Scan(&comment)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var version int
	ours := false
	if comment != nil {
		version, ours = table.ParseVersion(*comment)
	}
	switch {
	case !ours:
		return 0, fmt.Errorf("%w: it was not made by this module; name another one with %s", queues.ErrBadConfig, optionTable)
	case version > table.Version:
		return 0, fmt.Errorf("%w: it is at version %d, made by a later release of this module; this one knows %d", queues.ErrBadConfig, version, table.Version)
	default:
		return version, nil
	}
}

// migrate brings the table to the version of this release.
func migrate(ctx context.Context, tx pgx.Tx, t table.Table) error {
	if _, err := tx.Exec(ctx, table.Lock); err != nil {
		return err
	}
	version, err := readVersion(ctx, tx, t) // another process may have done it meanwhile
	if err != nil || version == table.Version {
		return err
	}
	schema, _ := t.Names()
	var exists bool
	if err := tx.QueryRow(ctx, table.FindSchema, schema).Scan(&exists); err != nil {
		return err
	}
	var statements []string
	if !exists {
		statements = append(statements, "CREATE SCHEMA "+t.Schema())
	}
	for _, step := range t.Migrations()[version:] {
		statements = append(statements, step...)
	}
	for _, sql := range append(statements, t.SetVersion(table.Version)) {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
