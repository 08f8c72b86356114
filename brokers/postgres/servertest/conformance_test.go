//go:build brokers

package servertest

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestPostgresQueueKeepsTheContract(t *testing.T) {
	// It is the process that is stopped, not the machine; and the disk, which others use too, is not what is timed.
	server := servers.Postgres(t, servers.WithPassword("secret"), servers.WithConfig("fsync = off"))
	report := conformance.Run(t, conformance.Subject{
		Name: "postgres",
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, params)
		},
		Config:       configOf(server, "options.table", "queue_messages"),
		SharedByName: true,
		Bounded:      true,
		Parallel:     6,
		Restart:      func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) },
		NoConnection: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, cconf.NewEmptyConfigParams())
		},
		WrongCredentials: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("credential.password", "wrong")))
		},
		NoServer: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("connection.port", 1)))
		},
	})
	require.Empty(t, report.With(conformance.Failed))
}
