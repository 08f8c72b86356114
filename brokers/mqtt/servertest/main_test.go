package servertest

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m, leftBehind()...)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(mqtt.NewMqttMessageQueue(name), params)
}

// leftBehind are the goroutines of a server that closeInProcess gives up.
func leftBehind() (options []goleak.Option) {
	for _, function := range []string{"(*Server).eventLoop", "(*Server).attachClient", "(*Server).Close", "(*Client).WriteLoop"} {
		options = append(options, goleak.IgnoreAnyFunction("github.com/mochi-mqtt/server/v2."+function))
	}
	return options
}

// inProcess starts a server in this process and returns the connection to it.
func inProcess(t testing.TB, hooks ...mochi.Hook) *cconf.ConfigParams {
	t.Helper()
	server := newServer(t, hooks...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, server.AddListener(listeners.NewNet("in-process", listener)))
	require.NoError(t, server.Serve())
	t.Cleanup(func() { closeInProcess(t, server) })
	return configAt(listener.Addr().(*net.TCPAddr).Port)
}

// newServer makes a server without a listener, which lets everybody in if there are no hooks that say otherwise.
func newServer(t testing.TB, hooks ...mochi.Hook) *mochi.Server {
	t.Helper()
	if len(hooks) == 0 {
		hooks = []mochi.Hook{new(auth.AllowHook)}
	}
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, hook := range append(hooks, new(noQuotaHook)) {
		require.NoError(t, server.AddHook(hook, nil))
	}
	return server
}

// noQuotaHook has a server send what there is, whatever receive maximum a client has named. Of clients with one,
// mochi 2.7.9 looks after every packet whether a message waits for its turn, and locks for reading twice for that
// (Inflight.NextImmediate, GetAll): when a publisher waits to write in between, the client and the publisher are stuck.
type noQuotaHook struct{ mochi.HookBase }

func (*noQuotaHook) ID() string              { return "no quota" }
func (*noQuotaHook) Provides(what byte) bool { return what == mochi.OnConnect }

// OnConnect is called before anything is sent to the client, and before it takes over a session with these numbers.
func (*noQuotaHook) OnConnect(cl *mochi.Client, _ packets.Packet) error {
	cl.Properties.Props.ReceiveMaximum = 0
	cl.State.Inflight.ResetSendQuota(0)
	return nil
}

// closeInProcess closes a server in this process, unless it is deadlocked: Clients.GetByListener of mochi 2.7.9
// locks for reading and then, in Len, once more; when a client that goes waits to write in between, neither goes on.
func closeInProcess(t testing.TB, server *mochi.Server) {
	closed := make(chan error, 1)
	go func() { closed <- server.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Log("mochi is deadlocked, and left behind")
	}
}

// configAt is the connection to a server on this machine, and options, keys and values in turn.
func configAt(port int, options ...any) *cconf.ConfigParams {
	params := []any{"connection.host", "127.0.0.1", "connection.port", port, "options.reconnect_timeout", 50}
	return cconf.NewConfigParamsFromTuples(append(params, options...)...)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *mqtt.MqttMessageQueue {
	t.Helper()
	return test.Open(t, test.Configured(mqtt.NewMqttMessageQueue(name), params))
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
