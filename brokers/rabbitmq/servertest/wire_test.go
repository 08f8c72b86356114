//go:build brokers

package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestOthersCanReadMessages(t *testing.T) {
	server := shared(t)
	queue := openQueue(t, "wire-out", configOf(server))
	sent := &queues.MessageEnvelope{
		MessageId: "id", CorrelationId: "correlation", MessageType: "type", Message: []byte{0, 255},
		Headers: map[string]string{"tenant": "7", "CC": "not an address"},
	}
	require.NoError(t, queue.Send(t.Context(), "test", sent))
	d, ok, err := connect(t, server).Get("wire-out", true)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []string{"id", "correlation", "type"}, []string{d.MessageId, d.CorrelationId, d.Type})
	require.Equal(t, []byte{0, 255}, d.Body)
	require.Equal(t, "7", d.Headers["tenant"])
	require.NotContains(t, d.Headers, "CC")
	require.Equal(t, amqp.Persistent, d.DeliveryMode)
	require.WithinDuration(t, time.Now(), d.Timestamp, time.Minute)
	written, err := time.Parse(time.RFC3339Nano, d.Headers["sent_time"].(string))
	require.NoError(t, err)
	require.Equal(t, d.Timestamp.Unix(), written.Unix())
}

func TestMessagesOfOthersAreRead(t *testing.T) {
	server := shared(t)
	queue := openQueue(t, "wire", configOf(server))
	ch := connect(t, server)
	publish := func(message amqp.Publishing) {
		confirm, err := ch.PublishWithDeferredConfirm("", "wire", true, false, message)
		require.NoError(t, err)
		require.True(t, confirm.Wait())
	}
	publish(amqp.Publishing{
		MessageId: "id", CorrelationId: "correlation", Type: "type", Body: []byte("ABC"), ContentType: "text/plain", Priority: 3,
		Timestamp: time.Unix(1700000000, 0),
		Headers: amqp.Table{
			"text": "1", "number": int32(2), "large": int64(1 << 40), "yes": true, "bytes": []byte("raw"), "none": nil, "float": 1.5,
			"when": time.Unix(1700000000, 0), "list": []any{int32(1), "a"}, "table": amqp.Table{"k": "v"}, "sent_time": "never",
		},
	})
	for count := 1; count <= 3; count++ { // properties survive being given back in each way
		got := test.Receive(t, queue, 5*time.Second)
		require.Equal(t, count, got.DeliveryCount)
		require.Equal(t, []string{"id", "correlation", "type", "ABC"}, []string{got.MessageId, got.CorrelationId, got.MessageType, got.GetMessageAsString()})
		require.Equal(t, time.Unix(1700000000, 0).UTC(), got.SentTime)
		require.Equal(t, map[string]string{
			"text": "1", "number": "2", "large": "1099511627776", "yes": "true", "bytes": "raw", "none": "", "float": "1.5",
			"when": "2023-11-14T22:13:20Z", "list": `[1,"a"]`, "table": `{"k":"v"}`, "sent_time": "never",
		}, got.Headers)
		if count == 1 {
			require.NoError(t, queues.AbandonDelayed(t.Context(), queue, got, 100*time.Millisecond)) // as a copy
		} else {
			require.NoError(t, queue.Abandon(t.Context(), got))
		}
	}
	d, ok, err := ch.Get("wire", true)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "text/plain", d.ContentType)
	require.EqualValues(t, 3, d.Priority)
	require.Equal(t, int32(2), d.Headers["number"], "types of others stay what they were")

	publish(amqp.Publishing{Body: []byte("bare")})
	got := test.Receive(t, queue, 5*time.Second)
	require.True(t, got.SentTime.IsZero())
	require.Empty(t, got.MessageId)
	require.Empty(t, got.Headers)
}

func TestAListenerResumesAfterItsConnectionIsLost(t *testing.T) {
	server := shared(t)
	line := servers.StartProxy(t, server.Addr())
	queue := openQueue(t, "resume", configOf(server).Override(cconf.NewConfigParamsFromTuples("connection.port", line.Port(), "options.exclusive", true)))
	require.False(t, queue.Capabilities().IsDurable())
	drop := func() error { // and with the connection the queue, which is made again
		line.Drop()
		return nil
	}
	test.ResumeAfter(t, queue, 20*time.Second, drop, drop, drop)
}

func TestASharedConnectionOutlivesItsComponent(t *testing.T) {
	connection := rabbitmq.NewRabbitMQConnection()
	connection.Configure(t.Context(), configOf(shared(t)))
	conformance.CheckConnection(t, connection, func(settings ...any) queues.IMessageQueue {
		return test.Over(connection, "rabbitmq", rabbitmq.NewRabbitMQMessageQueue("managed"), settings...)
	})
	require.NoError(t, connection.Open(t.Context(), "test"))
	_, err := connection.ReadQueueNames()
	require.ErrorIs(t, err, queues.ErrNotSupported)
	require.ErrorContains(t, err, "options.management_uri")
	require.NoError(t, connection.Close(t.Context(), "test"))
}

func TestTLSWorks(t *testing.T) {
	server := servers.RabbitMQ(t, servers.WithTLS(), servers.WithPassword("secret"))
	queue := openQueue(t, "secure", configOf(server, "connection.protocol", "amqps", "connection.tls.ca", server.CAFile))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
	require.Equal(t, "A", test.ReceiveText(t, queue, time.Second))
}
