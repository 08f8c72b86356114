//go:build brokers

package servertest

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	there := servers.Redis(t, servers.WithPassword("secret"), servers.WithConfig("user guest on >guest ~* +ping +info"))
	client := rawClient(t, there)
	require.NoError(t, client.Set(t.Context(), "taken:{refused}:stream", "a text", 0).Err())
	old := oldServer(t)
	for _, wrong := range []struct {
		name     string
		settings []any
		sentinel error
		hints    []string
	}{
		{"no such host", []any{"connection.host", "no-such-host.invalid"}, queues.ErrNoConnection, []string{"no-such-host.invalid"}},
		{"nobody listens", []any{"connection.port", 1}, queues.ErrNoConnection, []string{":1"}},
		{"wrong password", []any{"credential.password", "hunter2"}, queues.ErrNoConnection, []string{"credential.password"}},
		{"no password", []any{"credential.username", "", "credential.password", ""}, queues.ErrNoConnection, []string{"credential.password"}},
		{"no such database", []any{"connection.database", 99}, queues.ErrBadConfig, []string{"connection.database"}},
		{"no queue", []any{"options.auto_create", false}, queues.ErrBadConfig, []string{"{refused}:stream", "options.auto_create", "CreateQueue"}},
		{"something else there", []any{"options.key_prefix", "taken:"}, queues.ErrBadConfig, []string{"taken:{refused}:stream", "options.key_prefix"}},
		{"no privilege", []any{"credential.username", "guest", "credential.password", "guest"}, queues.ErrBadConfig, []string{"xgroup"}},
		{"a server that is too old", []any{"connection.port", old, "credential.username", "", "credential.password", ""}, queues.ErrNotSupported, []string{"6.2.14", "Redis 7"}},
		{"no cluster", []any{"options.cluster", true}, queues.ErrBadConfig, []string{"options.cluster"}},
		{"a host that does not answer", []any{"connection.host", "192.0.2.1"}, queues.ErrNoConnection, []string{"192.0.2.1"}},
		{"a server that speaks no TLS", []any{"connection.protocol", "rediss"}, queues.ErrNoConnection, []string{"connection.protocol"}},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			queue := newQueue("refused", test.With(configOf(there, "options.connect_timeout", 2000), wrong.settings...))
			err := test.Refused(t, queue, 4*time.Second, wrong.sentinel, wrong.hints...)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// oldServer is one that says it is Redis 6.2, and does no more.
func oldServer(t *testing.T) int {
	t.Helper()
	old, err := server.NewServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(old.Close)
	require.NoError(t, old.Register("PING", func(c *server.Peer, _ string, _ []string) { c.WriteInline("PONG") }))
	require.NoError(t, old.Register("INFO", func(c *server.Peer, _ string, _ []string) {
		c.WriteBulk("# Server\r\nredis_version:6.2.14\r\nredis_mode:standalone\r\n")
	}))
	return old.Addr().Port
}

func TestMessagesThatAreTooLargeAreRefused(t *testing.T) {
	server := servers.Redis(t, servers.WithConfig("proto-max-bulk-len 1mb"))
	queue := openQueue(t, "large", configOf(server))
	large := make([]byte, 1<<20+1)
	require.ErrorIs(t, queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: large}), queues.ErrMessageTooLarge)
	err := queue.Send(t.Context(), "test", &queues.MessageEnvelope{Headers: map[string]string{"large": string(large)}})
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	require.ErrorContains(t, err, "proto-max-bulk-len")
	require.NoError(t, queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: large[1:]}))
	require.Len(t, test.Receive(t, queue, 0).Message, 1<<20)
}

func TestAServerWithoutMemoryTakesNoMessagesButGivesThem(t *testing.T) {
	server := servers.Redis(t)
	client := rawClient(t, server)
	queue := openQueue(t, "memory", configOf(server))
	for _, envelope := range test.Numbered(3) {
		require.NoError(t, queue.Send(t.Context(), "test", envelope))
	}
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1mb").Err()) // less than it uses
	err := queue.Send(t.Context(), "test", test.Text("too much"))
	require.ErrorIs(t, err, queues.ErrQueueFull)
	require.ErrorContains(t, err, "maxmemory")
	require.Equal(t, "0", test.ReceiveText(t, queue, 0))
	require.NoError(t, queue.Abandon(t.Context(), test.Receive(t, queue, 0)))
	require.NoError(t, queue.MoveToDeadLetter(t.Context(), test.Receive(t, queue, 0)))
	require.Equal(t, "2", test.ReceiveText(t, queue, 0))
	require.NoError(t, queue.Clear(t.Context(), "test"))
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("enough")))
}

func TestAQueueIsDurableIfItsServerIs(t *testing.T) {
	for _, each := range []struct {
		config  []string
		options []any
		durable bool
	}{
		{nil, nil, true},
		{[]string{"appendonly no"}, nil, false},
		{[]string{"maxmemory-policy allkeys-lru"}, nil, false},
		{[]string{"appendonly no"}, []any{"options.durable", true}, true},
	} {
		queue := openQueue(t, "durable", configOf(servers.Redis(t, servers.WithConfig(each.config...)), each.options...))
		require.Equal(t, each.durable, queue.Capabilities().Has(queues.CapabilityDurable), each)
	}
}

func TestDatabasesAndTLS(t *testing.T) {
	server := servers.Redis(t, servers.WithTLS(), servers.WithPassword("secret"))
	one := openQueue(t, "orders", configOf(server, "connection.protocol", "rediss", "connection.tls.ca", server.CAFile, "connection.database", 3))
	other := openQueue(t, "orders", cconf.NewConfigParamsFromTuples("connection.uri", server.URI()+"", "connection.tls.ca", server.CAFile))
	require.NoError(t, one.Send(t.Context(), "test", test.Text("three")))
	require.NoError(t, other.Send(t.Context(), "test", test.Text("none")))
	require.Equal(t, "three", test.ReceiveText(t, one, 0))
	require.Equal(t, "none", test.ReceiveText(t, other, 0))
	envelope, err := one.Receive(t.Context(), "test", 50*time.Millisecond) // the client that waits speaks TLS too
	require.NoError(t, err)
	require.Nil(t, envelope)
}

// TestAUserNeedsNoMoreThanWhatTheReadmeLists reads the commands from README.md.
func TestAUserNeedsNoMoreThanWhatTheReadmeLists(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, rule, found := strings.Cut(string(readme), "ACL SETUSER orders ")
	require.True(t, found)
	rule, _, _ = strings.Cut(rule, "\n```")
	rule = strings.ReplaceAll(rule, "\\\n", " ")
	server := servers.Redis(t, servers.WithPassword("secret"), servers.WithConfig("user orders "+strings.Join(strings.Fields(rule), " ")))
	queue := openQueue(t, "orders", configOf(server, "options.max_messages", 10).Override(
		cconf.NewConfigParamsFromTuples("credential.username", "orders", "credential.password", "password")))
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(4)))
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "test", test.Text("late"), 10*time.Millisecond))
	require.NoError(t, queue.Abandon(t.Context(), test.Receive(t, queue, 0)))
	require.NoError(t, queues.AbandonDelayed(t.Context(), queue, test.Receive(t, queue, 0), time.Millisecond))
	require.NoError(t, queue.MoveToDeadLetter(t.Context(), test.Receive(t, queue, time.Second)))
	held := test.Receive(t, queue, time.Second)
	require.NoError(t, queue.RenewLock(t.Context(), held, time.Minute))
	require.NoError(t, queue.Complete(t.Context(), held))
	require.Equal(t, "late", func() (last string) {
		for range 3 {
			last = test.ReceiveText(t, queue, 5*time.Second)
		}
		return last
	}())
	envelope, err := queue.Receive(t.Context(), "test", 20*time.Millisecond)
	require.NoError(t, err)
	require.Nil(t, envelope)
	_, err = queue.Peek(t.Context(), "test")
	require.NoError(t, err)
	_, err = queue.ReadMessageCount()
	require.NoError(t, err)
	require.NoError(t, queue.Clear(t.Context(), "test"))
}

func TestTheContainerFileIsWithoutFault(t *testing.T) {
	report := check.File(t.Context(), "../../../config/redis.yml", nil, redis.Components()...)
	require.False(t, report.HasErrors(), "%s", report)
}
