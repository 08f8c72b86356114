//go:build brokers

package servertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// Messages of many senders are inserted together: a bad one is its sender's business alone, a large one goes by itself.
func TestSendersThatShareAStatementDoNotShareErrors(t *testing.T) {
	const senders, each = 16, 100
	server := servers.Postgres(t)
	queue := openQueue(t, "senders", configOf(server))
	large := strings.Repeat("x", 100_000)
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for i := range each {
				envelope := test.Text(fmt.Sprintf("%d %d", sender, i))
				switch {
				case i%10 == 7:
					envelope.MessageType = "a\x00b"
				case i%25 == 3:
					envelope.SetMessageAsString(envelope.GetMessageAsString() + " " + large)
				}
				err := queue.Send(t.Context(), "test", envelope)
				if bad := i%10 == 7; bad {
					if !errorIs(t, err, queues.ErrBadMessage) {
						return
					}
				} else if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	sending.Wait()
	last := make([]int, senders)
	for i := range last {
		last[i] = -1
	}
	for range senders * each * 9 / 10 {
		var sender, i int
		_, err := fmt.Sscan(test.ReceiveText(t, queue, 0), &sender, &i)
		require.NoError(t, err)
		require.Greater(t, i, last[sender], "what one sender sends is in its order")
		last[sender] = i
	}
	test.ReceiveNothing(t, queue, 0)
}

func errorIs(t *testing.T, err, target error) bool {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%v instead of %v", err, target)
		return false
	}
	return true
}

func TestABoundHoldsForAllSenders(t *testing.T) {
	const bound, senders, each = 50, 8, 100
	server := servers.Postgres(t)
	config := configOf(server, "options.max_messages", bound, "options.poll_interval", 60_000)
	receiver := openQueue(t, "bound", config)
	watch := connect(t, server)
	var sending sync.WaitGroup
	for range 2 { // processes, as far as the server knows
		queue := openQueue(t, "bound", config)
		for range senders {
			sending.Go(func() {
				for range each {
					if err := queue.Send(t.Context(), "test", test.Text("A")); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	require.Eventually(t, func() bool { return count(t, watch) == bound }, 10*time.Second, time.Millisecond)
	for range 2 * senders * each {
		require.Equal(t, "A", test.ReceiveText(t, receiver, 10*time.Second))
		require.LessOrEqual(t, count(t, watch), bound)
	}
	sending.Wait()
}

func TestWhoSendsWithATransactionDoesNotWaitForRoom(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "outbox", configOf(server, "options.max_messages", 1))
	conn := connect(t, server)
	send := func() error {
		return pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			return queue.SendTx(ctx, tx, "test", test.Text("A"))
		})
	}
	require.NoError(t, send())
	require.ErrorIs(t, send(), queues.ErrQueueFull)
	require.Equal(t, "A", test.ReceiveText(t, queue, 0))
	require.NoError(t, send())
}

// count is how many messages there are.
func count(t *testing.T, conn *pgx.Conn) (count int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM messages").Scan(&count))
	return count
}

func TestABoundNeedsNoMorePrivilegesThanSending(t *testing.T) {
	server := servers.Postgres(t)
	openQueue(t, "plain", configOf(server)) // makes the table
	_, err := connect(t, server).Exec(t.Context(), "CREATE USER plain; GRANT SELECT, INSERT, UPDATE, DELETE ON messages, messages_queues TO plain")
	require.NoError(t, err)
	queue := openQueue(t, "plain", test.With(configOf(server, "options.auto_create", false, "options.max_messages", 2, "options.overflow", "reject"), "credential.username", "plain"))
	for range 3 {
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("B")))
		require.ErrorIs(t, queue.Send(t.Context(), "test", test.Text("C")), queues.ErrQueueFull)
		require.Equal(t, "A", test.ReceiveText(t, queue, 0))
		require.Equal(t, "B", test.ReceiveText(t, queue, 0))
	}
}
