//go:build brokers

package servertest

import (
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// contract is what the suite must know of queues on a server.
func contract(server *servers.Server) conformance.Subject {
	var proxies sync.Map // by queue object
	return conformance.Subject{
		New: func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			way := servers.StartProxy(t, server.Addr())
			queue := newQueue(name, params.Override(cconf.NewConfigParamsFromTuples("connection.port", way.Port())))
			proxies.Store(queue, way)
			return queue
		},
		Config:       configOf(server),
		SharedByName: true,
		Bounded:      true,
		Parallel:     6,
		Tolerance:    150 * time.Millisecond, // 250 and more would make cases about delays, of one second, overlap
		Restart:      func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) },
		Kill: func(t testing.TB, queue queues.IMessageQueue) {
			way, ok := proxies.Load(queue)
			require.True(t, ok)
			way.(*servers.Proxy).Cut()
		},
		NoConnection: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, cconf.NewEmptyConfigParams())
		},
		WrongCredentials: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("credential.password", "wrong")))
		},
		NoServer: func(_ testing.TB, name string) queues.IMessageQueue {
			return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("connection.port", 1)))
		},
	}
}

func TestRedisQueueKeepsTheContract(t *testing.T) {
	// With appendfsync always the server answers nobody while the disk writes. On a machine with a load of 10 that was
	// longer than 60 ms 25 times in two minutes, up to 536 ms (LATENCY HISTORY aof-fsync-always), which is not what cases
	// about time are to measure. It is restarted in good order here, and writes everything down then;
	// faults_test.go kills it, with always.
	server := servers.Redis(t, servers.WithPassword("secret"), servers.WithConfig("appendfsync everysec"))
	report := conformance.Run(t, contract(server))
	require.Empty(t, report.With(conformance.Failed))
}
