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

func TestQuorumQueueKeepsTheContract(t *testing.T) {
	checkContract(t, "rabbitmq", 0)
}

func TestClassicQueueKeepsTheContract(t *testing.T) {
	checkContract(t, "rabbitmq, classic queue", 2_000, "options.queue_type", "classic")
}

func checkContract(t *testing.T, name string, loadMessages int, options ...any) {
	server := servers.RabbitMQ(t, servers.WithPassword("secret"))
	var lines sync.Map // a proxy for each queue
	report := conformance.Run(t, conformance.Subject{
		Name: name,
		New: func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			line := startProxy(t, server.Addr())
			queue := newQueue(name, params.Override(cconf.NewConfigParamsFromTuples("connection.port", line.port())))
			lines.Store(queue, line)
			return queue
		},
		Config:       configOf(server, options...),
		SharedByName: true,
		Parallel:     8,
		Tolerance:    150 * time.Millisecond,
		LoadMessages: loadMessages,
		Restart:      func(t testing.TB) { require.NoError(t, unlabelled(server.Restart)) },
		Kill: func(t testing.TB, queue queues.IMessageQueue) {
			line, ok := lines.Load(queue)
			require.True(t, ok)
			line.(*proxy).cut()
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
	})
	require.Empty(t, report.With(conformance.Failed))
}

// unlabelled calls f in a goroutine without profiler labels: the suite takes what inherits those of a
// case for a leak of the queue.
func unlabelled(f func() error) error {
	result := make(chan error, 1)
	go func() {
		pprof.SetGoroutineLabels(context.Background())
		result <- f()
	}()
	return <-result
}
