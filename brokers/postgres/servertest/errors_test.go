//go:build brokers

package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	server := servers.Postgres(t, servers.WithPassword("secret"))
	conn := connect(t, server)
	_, err := conn.Exec(t.Context(), "CREATE TABLE foreign_table (x integer); CREATE TABLE later (x integer); COMMENT ON TABLE later IS 'pip-services messages, version 99'; "+
		"CREATE USER guest PASSWORD 'guest'")
	require.NoError(t, err)
	for _, wrong := range []struct {
		name     string
		settings []any
		sentinel error
		hints    []string
	}{
		{"no such host", []any{"connection.host", "no-such-host.invalid"}, queues.ErrNoConnection, []string{"no-such-host.invalid"}},
		{"nobody listens", []any{"connection.port", 1}, queues.ErrNoConnection, []string{":1"}},
		{"wrong password", []any{"credential.password", "hunter2"}, queues.ErrNoConnection, []string{"credential.password"}},
		{"no such database", []any{"connection.database", "nowhere"}, queues.ErrNoConnection, []string{"connection.database"}},
		{"no table", []any{"options.auto_create", false}, queues.ErrBadConfig, []string{"public.messages", "options.auto_create"}},
		{"not our table", []any{"options.table", "foreign_table"}, queues.ErrBadConfig, []string{"foreign_table", "options.table"}},
		{"a later table", []any{"options.table", "later"}, queues.ErrBadConfig, []string{"99"}},
		{"no privilege", []any{"credential.username", "guest", "credential.password", "guest"}, queues.ErrBadConfig, []string{"options.auto_create"}},
		{"a bad name", []any{"options.table", "x23456789x123456789x123456789x123456789x123456789x123456789"}, queues.ErrBadConfig, []string{"options.table"}},
		{"a host that does not answer", []any{"connection.host", "192.0.2.1"}, queues.ErrNoConnection, []string{"192.0.2.1"}},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			queue := newQueue("refused", test.With(configOf(server, "options.connect_timeout", 2000), wrong.settings...))
			err := test.Refused(t, queue, 4*time.Second, wrong.sentinel, wrong.hints...)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestMessagesThatCannotBeStoredAreRefused(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "bad", configOf(server))
	err := queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: make([]byte, 256<<20+1)})
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	for _, envelope := range []*queues.MessageEnvelope{
		{MessageType: "zero\x00"},
		{CorrelationId: "not UTF-8 \xff"},
		{Headers: map[string]string{"zero": "\x00"}},
	} {
		require.ErrorIs(t, queue.Send(t.Context(), "test", envelope), queues.ErrBadMessage)
		require.ErrorIs(t, queues.SendBatch(t.Context(), queue, "test", []*queues.MessageEnvelope{test.Text("A"), envelope}), queues.ErrBadMessage)
	}
	count, err := queue.ReadMessageCount()
	require.NoError(t, err)
	require.Zero(t, count, "of a batch with one bad message nothing is there")
}

func TestSchemasAndTablesAreMade(t *testing.T) {
	server := servers.Postgres(t)
	params := configOf(server, "options.schema", "My Schema", "options.table", "Odd \"Table\"")
	errs := make(chan error, 4)
	for range cap(errs) { // at the same time
		go func() {
			queue := postgres.NewPostgresMessageQueue("orders")
			queue.Configure(t.Context(), params)
			err := queue.Open(t.Context(), "test")
			if err == nil {
				err = queue.Close(t.Context(), "test")
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	queue := openQueue(t, "orders", params.Override(cconf.NewConfigParamsFromTuples("options.auto_create", false)))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
	require.Equal(t, "A", test.ReceiveText(t, queue, 0))
}
