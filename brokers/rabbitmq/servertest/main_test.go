//go:build brokers

package servertest

import (
	"sync"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(closing{m})
}

// closing runs the tests, and closes the server that several of them have shared.
type closing struct{ *testing.M }

func (c closing) Run() int {
	code := c.M.Run()
	if server, err := sharedServer(); err == nil {
		_ = server.Close()
	}
	return code
}

// sharedServer starts a server when it is asked for the first time.
var sharedServer = sync.OnceValues(func() (*servers.Server, error) { return servers.Start(servers.KindRabbitMQ) })

// shared returns a server that other tests use too, which must take other names for their queues.
func shared(t testing.TB) *servers.Server {
	t.Helper()
	server, err := sharedServer()
	require.NoError(t, err)
	return server
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(rabbitmq.NewRabbitMQMessageQueue(name), params)
}

// configOf is the connection to a server, and options, keys and values in turn.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples(server.Settings(options...)...)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *rabbitmq.RabbitMQMessageQueue {
	t.Helper()
	return test.Open(t, test.Configured(rabbitmq.NewRabbitMQMessageQueue(name), params))
}

// connect connects a raw client to a server.
func connect(t testing.TB, server *servers.Server) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(server.URI())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, ch.Confirm(false))
	return ch
}
