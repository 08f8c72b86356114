package servertest

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

func TestMain(m *testing.M) { mqtest.Main(m) }

// natsServer is a NATS server in this process, with a port, for processes have no other way to it.
type natsServer struct {
	port    int
	options *server.Options
	running *server.Server
}

func startNATS(t testing.TB, change ...func(*server.Options)) *natsServer {
	t.Helper()
	n := &natsServer{options: &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}}
	for _, each := range change {
		each(n.options)
	}
	n.start(t)
	t.Cleanup(n.stop)
	return n
}

func (n *natsServer) start(t testing.TB) {
	t.Helper()
	running, err := server.NewServer(n.options)
	require.NoError(t, err)
	go running.Start()
	require.True(t, running.ReadyForConnections(20*time.Second))
	n.running = running
	n.port = running.Addr().(*net.TCPAddr).Port
	n.options.Port = n.port
}

func (n *natsServer) stop() {
	n.running.Shutdown()
	n.running.WaitForShutdown()
}

// url is the URL of a queue on the server.
func (n *natsServer) url(queue string) string {
	return fmt.Sprintf("nats://127.0.0.1:%d/%s", n.port, queue)
}
