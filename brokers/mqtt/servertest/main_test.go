package servertest

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	queue := mqtt.NewMqttMessageQueue(name)
	queue.Configure(context.Background(), params)
	return queue
}

// inProcess starts a server in this process and returns the connection to it.
func inProcess(t testing.TB, hooks ...mochi.Hook) *cconf.ConfigParams {
	t.Helper()
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	if len(hooks) == 0 {
		hooks = []mochi.Hook{new(auth.AllowHook)}
	}
	for _, hook := range hooks {
		require.NoError(t, server.AddHook(hook, nil))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, server.AddListener(listeners.NewNet("in-process", listener)))
	require.NoError(t, server.Serve())
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return configAt(listener.Addr().(*net.TCPAddr).Port)
}

// configAt is the connection to a server on this machine, and options, keys and values in turn.
func configAt(port int, options ...any) *cconf.ConfigParams {
	params := []any{"connection.host", "127.0.0.1", "connection.port", port, "options.reconnect_timeout", 50}
	return cconf.NewConfigParamsFromTuples(append(params, options...)...)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *mqtt.MqttMessageQueue {
	t.Helper()
	queue := mqtt.NewMqttMessageQueue(name)
	queue.Configure(t.Context(), params)
	require.NoError(t, queue.Open(t.Context(), "test"))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "test")) })
	return queue
}

// counting is a receiver that says what it has received.
type counting struct {
	got   chan string
	count atomic.Int64
}

func (r *counting) ReceiveMessage(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
	r.count.Add(1)
	r.got <- envelope.GetMessageAsString()
	return nil
}
