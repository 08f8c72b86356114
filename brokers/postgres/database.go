package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// minServer is the oldest server that has everything: identity columns, SKIP LOCKED, materialized CTEs.
const minServer = 120000

// database is a pool of connections and one that listens, shared by queues.
type database struct {
	pool   *pgxpool.Pool
	notify *notifications
	schema string // the first of the search path; "" for none
}

// client says how queues and connection components connect.
func client() connect.Client[*database] {
	return connect.Client[*database]{
		Kind:      kind,
		Protocols: protocols(),
		Options:   config.NewSet(sharedOptions()...),
		Dial:      dial,
		Close:     (*database).close,
	}
}

// dial connects, and checks that the server will do.
func dial(ctx context.Context, target connect.Target, servers connect.Servers) (*database, error) {
	cfg, err := poolConfig(target, servers)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, failure(ctx, err)
	}
	d := &database{pool: pool}
	if err := d.greet(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	d.notify = startNotifications(pool)
	return d, nil
}

// greet finds out what the server is.
func (d *database) greet(ctx context.Context) error {
	var version string
	var schema *string
	err := d.pool.QueryRow(ctx, "SELECT current_setting('server_version_num'), current_schema()::text").Scan(&version, &schema)
	if err != nil {
		return failure(ctx, connect.Explain(err))
	}
	if schema != nil {
		d.schema = *schema
	}
	return checkServer(version)
}

// checkServer refuses a server that is too old.
func checkServer(version string) error {
	number, err := strconv.Atoi(version)
	if err != nil || number < minServer {
		return fmt.Errorf("%w: the server is PostgreSQL %s (server_version_num); queues need %d or later", queues.ErrNotSupported, version, minServer/10000)
	}
	return nil
}

func (d *database) close() {
	d.notify.stop()
	d.pool.Close()
}
