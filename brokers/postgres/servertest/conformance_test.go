//go:build brokers

package servertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestPostgresQueueKeepsTheContract(t *testing.T) {
	// It is the process that is stopped, not the machine; and the disk, which others use too, is not what is timed.
	server := servers.Postgres(t, servers.WithPassword("secret"), servers.WithConfig("fsync = off"))
	subject := conformance.Subject{
		Name:         "postgres",
		SharedByName: true,
		Bounded:      true,
		Parallel:     6,
		Restart:      func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) },
	}
	report := conformance.Run(t, subject.OnServer(newQueue, configOf(server, "options.table", "queue_messages")).
		Over(func(t testing.TB) conformance.Line { return servers.StartProxy(t, server.Addr()) }))
	require.Empty(t, report.With(conformance.Failed))
}
