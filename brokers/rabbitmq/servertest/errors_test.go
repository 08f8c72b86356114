//go:build brokers

package servertest

import (
	"net"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	server := servers.RabbitMQ(t, servers.WithPassword("secret"))
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	ch := connect(t, server)
	_, err = ch.QueueDeclare("plain", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.ExchangeDeclare("events", "topic", true, false, false, false, nil))
	for _, wrong := range []struct {
		name, queue string
		settings    []any
		sentinel    error
		hints       []string
	}{
		{"no such host", "refused", []any{"connection.host", "no-such-host.invalid"}, queues.ErrNoConnection, []string{"no-such-host.invalid"}},
		{"nobody listens", "refused", []any{"connection.port", 1}, queues.ErrNoConnection, []string{":1"}},
		{"a host that does not answer", "refused", []any{"connection.port", silent.Addr().(*net.TCPAddr).Port}, queues.ErrNoConnection, []string{"options.connect_timeout"}},
		{"wrong password", "refused", []any{"credential.password", "hunter2"}, queues.ErrNoConnection, []string{"credential.password"}},
		{"no such vhost", "refused", []any{"connection.vhost", "nowhere"}, queues.ErrNoConnection, []string{"nowhere", "connection.vhost"}},
		{"no queue", "missing", []any{"options.auto_create", false}, queues.ErrBadConfig, []string{"missing", "options.auto_create"}},
		{"no exchange", "missing", []any{"exchange", "nothing", "options.auto_create", false}, queues.ErrBadConfig, []string{"nothing", "options.auto_create"}},
		{"a queue of another type", "plain", nil, queues.ErrBadConfig, []string{"plain", "options.queue_type"}},
		{"an exchange of another type", "refused", []any{"exchange", "events"}, queues.ErrBadConfig, []string{"events", "options.exchange_type"}},
		{"an unknown type of exchange", "refused", []any{"exchange", "odd", "options.exchange_type", "nonsense"}, queues.ErrBadConfig, []string{"options.exchange_type"}},
		{"a reserved name", "amq.mine", nil, queues.ErrBadConfig, []string{"amq.mine"}},
		{"an exclusive quorum queue", "refused", []any{"options.queue_type", "quorum", "options.exclusive", true}, queues.ErrBadConfig, []string{"options.exclusive", "classic"}},
		{"no queue and no exchange", "refused", []any{"options.noqueue", true}, queues.ErrBadConfig, []string{"options.noqueue", "exchange"}},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			t.Parallel()
			queue := newQueue(wrong.queue, test.With(configOf(server, "options.connect_timeout", 3000), wrong.settings...))
			err := test.Refused(t, queue, 5*time.Second, wrong.sentinel, wrong.hints...)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestMessagesThatCannotBeSentAreRefused(t *testing.T) {
	server := servers.RabbitMQ(t, servers.WithConfig("max_message_size = 1000000"))
	queue := openQueue(t, "bad", configOf(server))
	for range 2 { // found out, and known
		err := queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: make([]byte, 1_000_001)})
		require.ErrorIs(t, err, queues.ErrMessageTooLarge)
		require.ErrorContains(t, err, "max_message_size")
	}
	huge := map[string]string{"a": string(make([]byte, 200<<10))}
	require.ErrorIs(t, queue.Send(t.Context(), "test", &queues.MessageEnvelope{Headers: huge}), queues.ErrMessageTooLarge)
	long := map[string]string{string(make([]byte, 256)): ""}
	require.ErrorIs(t, queue.Send(t.Context(), "test", &queues.MessageEnvelope{Headers: long}), queues.ErrBadMessage)
	require.ErrorIs(t, queues.SendDelayed(t.Context(), queue, "test", test.Text("later"), 30*24*time.Hour), queues.ErrNotSupported)
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("good")))
	require.Equal(t, "good", test.ReceiveText(t, queue, 0))
}

func TestWhatNoQueueTakesIsAnError(t *testing.T) {
	server := shared(t)
	sender := openQueue(t, "events", configOf(server, "exchange", "events", "options.exchange_type", "topic", "options.routing_key", "order.new", "options.noqueue", true))
	require.False(t, sender.Capabilities().CanReceive())
	_, err := sender.Receive(t.Context(), "test", 0)
	require.ErrorIs(t, err, queues.ErrNotSupported)
	err = sender.Send(t.Context(), "test", test.Text("lost"))
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "options.routing_key")

	orders := openQueue(t, "orders", configOf(server, "exchange", "events", "options.exchange_type", "topic", "options.routing_key", "order.*"))
	require.NoError(t, sender.Send(t.Context(), "test", test.Text("found")))
	require.Equal(t, "found", test.ReceiveText(t, orders, 5*time.Second))
	require.NoError(t, queues.SendDelayed(t.Context(), delaying(t, server), "test", test.Text("later"), 200*time.Millisecond))
	require.Equal(t, "later", test.ReceiveText(t, orders, 5*time.Second))
}

// delaying is a queue of its own behind the same exchange, which can delay.
func delaying(t *testing.T, server *servers.Server) queues.IMessageQueue {
	return openQueue(t, "audit", configOf(server, "exchange", "events", "options.exchange_type", "topic", "options.routing_key", "order.new"))
}

func TestAQueueThatIsDeletedIsMadeAgain(t *testing.T) {
	server := shared(t)
	queue := openQueue(t, "fleeting", configOf(server))
	ch := connect(t, server)
	for range 2 {
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("before")))
		_, err := ch.QueueDelete("fleeting", false, false, false)
		require.NoError(t, err)
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("after")))
		require.Equal(t, "after", test.ReceiveText(t, queue, 5*time.Second))
	}
	_, err := ch.QueueDeclarePassive("fleeting", true, false, false, false, amqp.Table{})
	require.NoError(t, err)
}
