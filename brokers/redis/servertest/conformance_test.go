//go:build brokers

package servertest

import (
	"context"
	"runtime/pprof"
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
			var way *proxy
			unlabelled(func() { way = proxyTo(t, server) })
			queue := newQueue(name, params.Override(cconf.NewConfigParamsFromTuples("connection.port", way.port())))
			proxies.Store(queue, way)
			return queue
		},
		Config:       configOf(server),
		SharedByName: true,
		Bounded:      true,
		Parallel:     6,
		Tolerance:    150 * time.Millisecond, // 250 and more would make cases about delays, of one second, overlap
		Restart:      func(t testing.TB) { unlabelled(func() { require.NoError(t, server.Restart()) }) },
		Kill: func(t testing.TB, queue queues.IMessageQueue) {
			way, ok := proxies.Load(queue)
			require.True(t, ok)
			way.(*proxy).sever()
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
	// The server is restarted in good order here, and writes everything down then; faults_test.go kills it.
	server := servers.Redis(t, servers.WithPassword("secret"), servers.WithConfig("appendfsync everysec"))
	report := conformance.Run(t, contract(server))
	require.Empty(t, report.With(conformance.Failed))
}

// unlabelled calls f in a goroutine without profiler labels: the suite takes what inherits those of a
// case for a leak of the queue.
func unlabelled(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pprof.SetGoroutineLabels(context.Background())
		f()
	}()
	<-done
}
