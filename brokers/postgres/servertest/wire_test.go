//go:build brokers

package servertest

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestRowsOfOthersAreMessages(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "wire", configOf(server, "options.poll_interval", 60_000))
	conn := connect(t, server)
	received := make(chan *queues.MessageEnvelope, 10)
	queue.BeginListen(t.Context(), "test", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
		received <- envelope.Clone()
		return nil
	}))
	_, err := conn.Exec(t.Context(), `INSERT INTO messages (queue, message_id, correlation_id, message_type, sent_time, headers, message)
		VALUES ('wire', 'id', 'correlation', 'type', '2024-02-29 12:00:00.000001+00', '{"one": "1", "two": 2}', '\x00ff');
		SELECT pg_notify('pip_' || md5('public.messages.wire'), '')`)
	require.NoError(t, err)
	select {
	case got := <-received:
		require.Equal(t, "id", got.MessageId)
		require.Equal(t, "correlation", got.CorrelationId)
		require.Equal(t, "type", got.MessageType)
		require.Equal(t, time.Date(2024, 2, 29, 12, 0, 0, 1000, time.UTC), got.SentTime)
		require.Equal(t, map[string]string{"one": "1", "two": "2"}, got.Headers)
		require.Equal(t, []byte{0, 255}, got.Message)
	case <-time.After(10 * time.Second):
		t.Fatal("the notification does not wake the listener")
	}
	// Only a queue, a time that never was and headers that are none: no reason to stop.
	_, err = conn.Exec(t.Context(), `INSERT INTO messages (queue, sent_time, headers) VALUES ('wire', 'infinity', '[1]');
		SELECT pg_notify('pip_' || md5('public.messages.wire'), '')`)
	require.NoError(t, err)
	got := <-received
	require.True(t, got.SentTime.IsZero())
	require.Empty(t, got.Message)
}

func TestOthersCanReadMessages(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "wire", configOf(server))
	sent := &queues.MessageEnvelope{MessageId: "id", CorrelationId: "correlation", MessageType: "type", Message: []byte{0, 255}, Headers: map[string]string{"one": "1"}}
	require.NoError(t, queue.Send(t.Context(), "test", sent))
	var id, correlation, kind, header string
	var message []byte
	var sentTime time.Time
	err := connect(t, server).QueryRow(t.Context(), `SELECT message_id, correlation_id, message_type, headers->>'one', message, sent_time
		FROM messages WHERE queue = 'wire' AND visible_at IS NULL ORDER BY place, id`).Scan(&id, &correlation, &kind, &header, &message, &sentTime)
	require.NoError(t, err)
	require.Equal(t, []any{"id", "correlation", "type", "1", []byte{0, 255}}, []any{id, correlation, kind, header, message})
	require.WithinDuration(t, time.Now(), sentTime, time.Minute)
}

func TestSendTxSendsWithTheTransactionOrNotAtAll(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "outbox", configOf(server, "options.poll_interval", 60_000))
	conn := connect(t, server)
	failed := errors.New("the business failed")
	err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		require.NoError(t, queue.SendTx(t.Context(), tx, "test", test.Text("never")))
		return failed
	})
	require.ErrorIs(t, err, failed)
	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		require.NoError(t, queue.SendTx(t.Context(), tx, "test", test.Text("one")))
		require.NoError(t, queue.SendTx(t.Context(), tx, "test", test.Text("two")))
		got, err := queue.Receive(t.Context(), "test", 0)
		require.NoError(t, err)
		require.Nil(t, got, "it is not there before the commit")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "one", test.ReceiveText(t, queue, 5*time.Second))
	require.Equal(t, "two", test.ReceiveText(t, queue, 0))

	db, err := sql.Open("pgx", server.URI())
	require.NoError(t, err)
	defer db.Close()
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, queue.SendSQLTx(t.Context(), tx, "test", test.Text("three")))
		if commit {
			require.NoError(t, tx.Commit())
		} else {
			require.NoError(t, tx.Rollback())
		}
	}
	require.Equal(t, "three", test.ReceiveText(t, queue, 5*time.Second))
	count, err := queue.ReadMessageCount()
	require.NoError(t, err)
	require.Zero(t, count)
	require.ErrorIs(t, queue.SendTx(t.Context(), nil, "test", test.Text("x")), queues.ErrBadMessage)
}

func TestASharedConnectionOutlivesItsComponent(t *testing.T) {
	connection := postgres.NewPostgresConnection()
	connection.Configure(t.Context(), configOf(servers.Postgres(t), "options.table", "shared"))
	conformance.CheckConnection(t, connection, func(settings ...any) queues.IMessageQueue {
		return test.Over(connection, "postgres", postgres.NewPostgresMessageQueue("orders"), settings...)
	})
}
