//go:build brokers

package servertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	subject.SharedByName = true
	subject.Parallel = 4 // more keep a server on two processors from being punctual
	subject.Tolerance = 150 * time.Millisecond
	subject.Restart = func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) }
	subject = subject.OnServer(newQueue, configOf(server, options...)).
		Over(func(t testing.TB) conformance.Line { return servers.StartProxy(t, server.Addr()) })
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}
