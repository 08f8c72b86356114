//go:build brokers

package servertest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(postgres.NewPostgresMessageQueue(name), params)
}

// configOf is the connection to a server, and options, keys and values in turn.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return test.With(cconf.NewConfigParamsFromTuples(server.Settings("connection.database", "postgres")...), options...)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *postgres.PostgresMessageQueue {
	t.Helper()
	return test.Open(t, test.Configured(postgres.NewPostgresMessageQueue(name), params))
}

// connect connects a raw client to a server.
func connect(t testing.TB, server *servers.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URI())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
