//go:build brokers

package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// configOf is the connection to a server, and options, keys and values in turn.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples(server.Settings(options...)...)
}

// conformingOn is what the suite knows of a queue on a real server.
func conformingOn(server *servers.Server, mode string) conformance.Subject {
	subject := conforming(mode, configOf(server))
	subject.Tolerance = 300 * time.Millisecond
	subject.Parallel = 12
	// The first delayed message of a queue makes a topic and a group, which a server that does so for a dozen cases at
	// once may take longer for than the tolerance.
	subject.Attempts = 4
	subject.Restart = func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) }
	subject.WrongCredentials = func(_ testing.TB, name string) queues.IMessageQueue {
		return newQueue(name, configOf(server, "credential.password", "wrong"))
	}
	return subject
}

// warmUp has a new cluster make the topics that it keeps groups in, which takes it some seconds.
func warmUp(t *testing.T, server *servers.Server) {
	t.Helper()
	queue := openQueue(t, "warm-up", configOf(server))
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("A"), time.Millisecond))
	require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 30*time.Second)))
	require.NoError(t, queue.Close(t.Context(), ""))
}

func TestAShareGroupKeepsTheContract(t *testing.T) {
	server := servers.Kafka(t, servers.WithPassword("secret"))
	warmUp(t, server)
	subject := conformingOn(server, "share")
	subject.SharedByName = true
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

func TestAConsumerGroupKeepsTheContract(t *testing.T) {
	server := servers.Kafka(t, servers.WithPassword("secret"))
	warmUp(t, server)
	report := conformance.Run(t, conformingOn(server, "group"))
	require.Empty(t, report.With(conformance.Failed))
}
