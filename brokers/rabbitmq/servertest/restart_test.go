//go:build brokers

package servertest

import (
	"context"
	"errors"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// A server that is killed forgets queues that are not durable, and now and then a durable classic one that was made a
// moment before. Who only sends, who only listens, and who asks now and then finds the queue again, each by itself.
func TestAQueueThatTheServerHasForgottenIsMadeAgain(t *testing.T) {
	const patience = 30 * time.Second
	server := servers.RabbitMQ(t)
	config := configOf(server, "options.persistent", false)
	heard := make(chan string, 10)
	listening := openQueue(t, "listened", config)
	listening.BeginListen(t.Context(), "test", queues.NewCallbackMessageReceiver(
		func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			heard <- envelope.GetMessageAsString()
			return nil
		}))
	sending, asking := openQueue(t, "sent", config), openQueue(t, "asked", config)
	strict := openQueue(t, "sent", config.Override(configOf(server, "options.auto_create", false)))
	for range 2 {
		require.NoError(t, listening.Send(t.Context(), "test", test.Text("before")))
		require.Equal(t, "before", <-heard)

		require.NoError(t, server.Kill())
		require.NoError(t, server.Start())

		// It says what is missing, and makes nothing.
		require.ErrorIs(t, strict.Send(t.Context(), "test", test.Text("lost")), queues.ErrBadConfig)
		// Made by the listener: nobody else has the name.
		require.Eventually(t, func() bool { return exists(t, server, "listened") }, patience, 50*time.Millisecond)
		require.NoError(t, listening.Send(t.Context(), "test", test.Text("after")))
		require.Equal(t, "after", <-heard)

		require.False(t, exists(t, server, "sent"))
		require.NoError(t, sending.Send(t.Context(), "test", test.Text("after")))
		require.Equal(t, "after", test.ReceiveText(t, sending, patience))
		require.NoError(t, strict.Send(t.Context(), "test", test.Text("known")))
		require.Equal(t, "known", test.ReceiveText(t, sending, patience))

		require.False(t, exists(t, server, "asked"))
		test.ReceiveNothing(t, asking, 0)
		require.True(t, exists(t, server, "asked"))
	}
}

// exists tells whether a queue is there.
func exists(t *testing.T, server *servers.Server, name string) bool {
	t.Helper()
	conn, err := amqp.Dial(server.URI())
	require.NoError(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDeclarePassive(name, false, false, false, false, nil)
	if err == nil {
		return true
	}
	refused, ok := errors.AsType[*amqp.Error](err)
	require.True(t, ok && refused.Code == amqp.NotFound, err)
	return false
}
