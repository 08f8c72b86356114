//go:build brokers

package servertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// contract is what the suite must know of queues on a server.
func contract(server *servers.Server) conformance.Subject {
	subject := conformance.Subject{
		SharedByName: true,
		Bounded:      true,
		Parallel:     6,
		Tolerance:    150 * time.Millisecond, // 250 and more would make cases about delays, of one second, overlap
		Restart:      func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) },
	}
	return subject.OnServer(newQueue, configOf(server)).
		Over(func(t testing.TB) conformance.Line { return servers.StartProxy(t, server.Addr()) })
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
