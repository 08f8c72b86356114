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

func TestQuorumQueueKeepsTheContract(t *testing.T) {
	checkContract(t, conformance.Subject{
		Name: "rabbitmq", Skip: elsewhere("TestQuorumQueueKeepsTheContractThroughFaults"), LoadMessages: 5_000,
	})
}

func TestQuorumQueueKeepsTheContractThroughFaults(t *testing.T) {
	checkContract(t, conformance.Subject{Name: "rabbitmq", Only: []string{faultCases}})
}

func TestClassicQueueKeepsTheContract(t *testing.T) {
	checkContract(t, conformance.Subject{
		Name: "rabbitmq, classic queue", Skip: elsewhere("TestClassicQueueKeepsTheContractThroughFaults"), LoadMessages: 2_000,
	}, "options.queue_type", "classic")
}

func TestClassicQueueKeepsTheContractThroughFaults(t *testing.T) {
	checkContract(t, conformance.Subject{Name: "rabbitmq, classic queue", Only: []string{faultCases}}, "options.queue_type", "classic")
}

// faultCases restart the server. One with the hundreds of queues of the other cases takes long to be what it was:
// a message that falls due before the queue that it goes to is back waits for minutes.
const faultCases = "faults"

func elsewhere(test string) map[string]string {
	return map[string]string{faultCases: "on a server of their own, in " + test}
}

func checkContract(t *testing.T, subject conformance.Subject, options ...any) {
	server := servers.RabbitMQ(t, servers.WithPassword("secret"))
	var lines sync.Map // a proxy for each queue
	subject.New = func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
		line := servers.StartProxy(t, server.Addr())
		queue := newQueue(name, params.Override(cconf.NewConfigParamsFromTuples("connection.port", line.Port())))
		lines.Store(queue, line)
		return queue
	}
	subject.Config = configOf(server, options...)
	subject.SharedByName = true
	subject.Parallel = 4 // more keep a server on two processors from being punctual
	subject.Tolerance = 150 * time.Millisecond
	subject.Restart = func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) }
	subject.Kill = func(t testing.TB, queue queues.IMessageQueue) {
		line, ok := lines.Load(queue)
		require.True(t, ok)
		line.(*servers.Proxy).Cut()
	}
	subject.NoConnection = func(_ testing.TB, name string) queues.IMessageQueue {
		return newQueue(name, cconf.NewEmptyConfigParams())
	}
	subject.WrongCredentials = func(_ testing.TB, name string) queues.IMessageQueue {
		return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("credential.password", "wrong")))
	}
	subject.NoServer = func(_ testing.TB, name string) queues.IMessageQueue {
		return newQueue(name, configOf(server).Override(cconf.NewConfigParamsFromTuples("connection.port", 1)))
	}
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}
