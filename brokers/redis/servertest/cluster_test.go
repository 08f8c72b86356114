//go:build brokers

package servertest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// slots are those of a cluster.
const slots = 16384

// startCluster starts a cluster of two masters, without replicas.
func startCluster(t *testing.T) []*servers.Server {
	t.Helper()
	masters := make([]*servers.Server, 2)
	for i := range masters {
		masters[i] = servers.Redis(t, servers.WithConfig("cluster-enabled yes", "cluster-port "+fmt.Sprint(freePort(t)), "appendonly no"))
		first := i * slots / len(masters)
		require.NoError(t, rawClient(t, masters[i]).ClusterAddSlotsRange(t.Context(), first, first+slots/len(masters)-1).Err())
	}
	client := rawClient(t, masters[0])
	bus, err := rawClient(t, masters[1]).ConfigGet(t.Context(), "cluster-port").Result()
	require.NoError(t, err)
	require.NoError(t, client.Do(t.Context(), "CLUSTER", "MEET", masters[1].Host, masters[1].Port, bus["cluster-port"]).Err())
	for _, master := range masters {
		client := rawClient(t, master)
		require.Eventually(t, func() bool {
			info, err := client.Do(t.Context(), "CLUSTER", "INFO").Text()
			return err == nil && len(info) > 16 && info[:16] == "cluster_state:ok"
		}, 30*time.Second, 50*time.Millisecond)
		require.Eventually(t, func() bool {
			shards, err := client.ClusterShards(t.Context()).Result()
			return err == nil && len(shards) == len(masters)
		}, 30*time.Second, 50*time.Millisecond)
	}
	return masters
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestQueuesWorkInACluster plays what has to do with more than one key. The cluster is found out: only one of
// its servers is configured.
func TestQueuesWorkInACluster(t *testing.T) {
	masters := startCluster(t)
	report := conformance.Run(t, conformance.Subject{
		Name:         "redis cluster",
		SharedByName: true,
		Bounded:      true,
		Parallel:     8,
		Tolerance:    150 * time.Millisecond,
		Only:         []string{"looking", "batches", "delays", "dead letters", "bounds"},
	}.OnServer(newQueue, configOf(masters[0])))
	require.Empty(t, report.With(conformance.Failed))
}

func TestQueuesOfAClusterAreOnEveryServer(t *testing.T) {
	masters := startCluster(t)
	connection := redis.NewRedisConnection()
	connection.Configure(t.Context(), configOf(masters[1], "options.cluster", true))
	require.NoError(t, connection.Open(t.Context(), "test"))
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("queue-%02d", i))
		require.NoError(t, connection.CreateQueue(names[i]))
	}
	found, err := connection.ReadQueueNames()
	require.NoError(t, err)
	require.Equal(t, names, found)
	for _, master := range masters {
		require.Positive(t, rawClient(t, master).DBSize(t.Context()).Val(), "keys are spread")
	}
	for _, name := range names {
		require.NoError(t, connection.DeleteQueue(name))
	}
	found, err = connection.ReadQueueNames()
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, connection.Close(t.Context(), "test"))

	queue := newQueue("orders", configOf(masters[0], "connection.database", 1))
	err = queue.Open(t.Context(), "test")
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "connection.database")
}

// TestASentinelKnowsTheMaster starts a Sentinel, which is the server with another configuration.
func TestASentinelKnowsTheMaster(t *testing.T) {
	master := servers.Redis(t, servers.WithPassword("secret"))
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "bind 127.0.0.1\nport %d\nsentinel monitor main %s %d 1\nsentinel auth-pass main secret\n",
		port, master.Host, master.Port), 0o600))
	sentinel := exec.Command("redis-server", file, "--sentinel")
	require.NoError(t, sentinel.Start())
	t.Cleanup(func() {
		require.NoError(t, sentinel.Process.Kill())
		_ = sentinel.Wait() // it was killed
	})
	client := goredis.NewSentinelClient(&goredis.Options{Addr: fmt.Sprint("127.0.0.1:", port)})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	require.Eventually(t, func() bool { return client.Ping(t.Context()).Err() == nil }, 10*time.Second, 20*time.Millisecond)

	params := configOf(master, "options.sentinel_master", "main").Override(cconf.NewConfigParamsFromTuples("connection.port", port))
	queue := openQueue(t, "watched", params)
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
	require.Equal(t, "A", test.ReceiveText(t, queue, 0))
	require.EqualValues(t, 1, rawClient(t, master).Exists(t.Context(), "{watched}:stream").Val())

	wrong := newQueue("watched", params.Override(cconf.NewConfigParamsFromTuples("options.sentinel_master", "other", "options.connect_timeout", 2000)))
	err := wrong.Open(t.Context(), "test")
	require.ErrorIs(t, err, queues.ErrNoConnection)
	require.ErrorContains(t, err, "options.sentinel_master")
}
