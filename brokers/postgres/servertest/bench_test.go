//go:build brokers

package servertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// How many messages a queue gets through, and how many a program that does the same with the client alone, on the
// same table of the same server: a row inserted and committed; a row taken with SKIP LOCKED, worked on and
// deleted, in one transaction, which is the least that loses nothing. Both in turns, since the machine is
// never quiet: what counts is the ratio, whose median is reported.

const (
	workers = 8    // senders, and options.listen_concurrency
	slice   = 2000 // messages of a turn
)

func benchmarkPool(b *testing.B, server *servers.Server) *pgxpool.Pool {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), server.URI()+"&pool_max_conns=10&enable_seqscan=off&enable_bitmapscan=off&jit=off")
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	return pool
}

// inParallel calls call for as many messages as a turn has, by so many workers.
func inParallel(b *testing.B, call func() error) {
	b.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for next.Add(1) <= slice {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
}

// beside times turns of both, after prepare, and reports messages each second and the ratio.
func beside(b *testing.B, prepare, queue, client func()) {
	b.Helper()
	timed := func(turn func()) time.Duration {
		prepare()
		began := time.Now()
		turn()
		return time.Since(began)
	}
	var ratios []float64
	var ours, theirs time.Duration
	for b.Loop() {
		q, c := timed(queue), timed(client)
		ours, theirs = ours+q, theirs+c
		ratios = append(ratios, c.Seconds()/q.Seconds())
	}
	slices.Sort(ratios)
	messages := float64(b.N * slice)
	b.ReportMetric(messages/ours.Seconds(), "queue-msg/s")
	b.ReportMetric(messages/theirs.Seconds(), "client-msg/s")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

func BenchmarkSend(b *testing.B) {
	server := servers.Postgres(b)
	payload := make([]byte, 512)
	queue := openQueue(b, "send", configOf(server))
	pool := benchmarkPool(b, server)
	beside(b,
		func() {},
		func() {
			inParallel(b, func() error {
				return queue.Send(b.Context(), "bench", &queues.MessageEnvelope{MessageType: "bench", Message: payload})
			})
		},
		func() {
			inParallel(b, func() error {
				_, err := pool.Exec(b.Context(), "INSERT INTO messages (queue, message_id, message_type, message) VALUES ('raw', gen_random_uuid()::text, 'bench', $1)", payload)
				return err
			})
		})
}

func BenchmarkListen(b *testing.B) {
	for _, prefetch := range []int{0, 4, 16} { // 0: what queues do unless told otherwise
		b.Run(fmt.Sprint("prefetch-", prefetch), func(b *testing.B) {
			server := servers.Postgres(b)
			queue := openQueue(b, "listen", configOf(server, "options.prefetch", prefetch, "options.listen_concurrency", workers))
			pool := benchmarkPool(b, server)
			beside(b,
				func() {
					_, err := pool.Exec(b.Context(), "INSERT INTO messages (queue, message) SELECT queue, convert_to(repeat('x', 512), 'UTF8') "+
						"FROM generate_series(1, $1::integer), unnest(array['listen', 'raw']) AS queue", slice)
					require.NoError(b, err)
				},
				func() { listenTo(b, queue) },
				func() { inParallel(b, func() error { return takeOne(b.Context(), pool) }) })
		})
	}
}

// listenTo handles as many messages as a turn has.
func listenTo(b *testing.B, queue queues.IMessageQueue) {
	done := make(chan struct{})
	var count atomic.Int64
	queue.BeginListen(b.Context(), "bench", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
		if count.Add(1) == slice {
			close(done)
		}
		return nil
	}))
	<-done
	queue.EndListen(b.Context(), "bench")
}

// takeOne handles one message as a program without queues does.
func takeOne(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var id int64
		var payload []byte
		err := tx.QueryRow(ctx, "SELECT id, message FROM messages WHERE queue = 'raw' AND visible_at IS NULL ORDER BY place, id LIMIT 1 FOR UPDATE SKIP LOCKED").Scan(&id, &payload)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM messages WHERE id = $1", id)
		}
		return err
	})
}
