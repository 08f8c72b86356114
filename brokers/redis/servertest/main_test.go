//go:build brokers

package servertest

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(redis.NewRedisMessageQueue(name), params)
}

// configOf is the connection to a server, and options, keys and values in turn.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples(server.Settings(options...)...)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *redis.RedisMessageQueue {
	t.Helper()
	return test.Open(t, test.Configured(redis.NewRedisMessageQueue(name), params))
}

// rawClient is a client of a server without any of ours.
func rawClient(t testing.TB, server *servers.Server) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), Username: server.Username, Password: server.Password})
	require.NoError(t, client.Ping(t.Context()).Err())
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}
