package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// postgresLine inserts a row and commits; it takes a row with SKIP LOCKED, works and deletes it in one
// transaction, which is the least that loses nothing. The table is that of the queues.
type postgresLine struct {
	pool *pgxpool.Pool
	name string
}

func openPostgres(ctx context.Context, server *servers.Server, name string) (line, error) {
	if err := prepare(ctx, "postgres", server, name); err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, server.URI()+"&pool_max_conns=10&enable_seqscan=off&enable_bitmapscan=off&jit=off")
	return postgresLine{pool, name}, err
}

func (l postgresLine) send(ctx context.Context, payload []byte) error {
	_, err := l.pool.Exec(ctx, "INSERT INTO messages (queue, message_id, message_type, message) "+
		"VALUES ($1, gen_random_uuid()::text, 'bench', $2)", l.name, payload)
	return err
}

func (l postgresLine) listen(ctx context.Context, handle func()) error {
	return untilDone(ctx, func(ctx context.Context) error {
		err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
			var id int64
			var payload []byte
			err := tx.QueryRow(ctx, "SELECT id, message FROM messages WHERE queue = $1 AND visible_at IS NULL "+
				"ORDER BY place, id LIMIT 1 FOR UPDATE SKIP LOCKED", l.name).Scan(&id, &payload)
			if err == nil {
				_, err = tx.Exec(ctx, "DELETE FROM messages WHERE id = $1", id)
			}
			return err
		})
		if errors.Is(err, pgx.ErrNoRows) { // all are in work
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
			return nil
		}
		if err == nil {
			handle()
		}
		return err
	})
}

func (l postgresLine) close() error { l.pool.Close(); return nil }
