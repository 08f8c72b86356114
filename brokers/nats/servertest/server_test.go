//go:build brokers

package servertest

import (
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// configOf is the configuration of a queue on that server.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return cconf.NewConfigParamsFromTuples(server.Settings(options...)...)
}

func TestNatsQueueKeepsTheContractOnARealServer(t *testing.T) {
	server := servers.NATS(t, servers.WithPassword("secret"))
	subject := contract("nats").OnServer(newQueue, configOf(server, "options.reconnect_timeout", 50)).
		Over(func(t testing.TB) conformance.Line { return servers.StartProxy(t, server.Addr()) })
	subject.SharedByName = true
	subject.Bounded = true
	subject.Restart = func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) }
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

func connect(t testing.TB, server *servers.Server) *natsgo.Conn {
	conn, err := natsgo.Connect(server.URI())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn
}

func TestARawClientAndAQueueUnderstandEachOther(t *testing.T) {
	server := servers.NATS(t)
	raw := connect(t, server)
	js, err := jetstream.New(raw)
	require.NoError(t, err)
	queue := newQueue("interop.orders", configOf(server))
	test.Open(t, queue)

	sent := time.Date(2026, 5, 4, 3, 2, 1, 500_000_000, time.UTC)
	_, err = js.PublishMsg(t.Context(), &natsgo.Msg{
		Subject: "interop.orders",
		Data:    []byte{0, 1, 0xff},
		Header: natsgo.Header{
			"message_id": {"id-1"}, "correlation_id": {"corr-1"}, "message_type": {"order"},
			"sent_time": {sent.Format(time.RFC3339Nano)}, "colour": {"red"}, "Nats-Msg-Id": {"x"},
		},
	})
	require.NoError(t, err)
	got := test.Receive(t, queue, 10*time.Second)
	require.Equal(t, []byte{0, 1, 0xff}, got.Message)
	require.Equal(t, []string{"id-1", "corr-1", "order"}, []string{got.MessageId, got.CorrelationId, got.MessageType})
	require.True(t, sent.Equal(got.SentTime))
	require.Equal(t, map[string]string{"colour": "red"}, got.Headers)
	require.NoError(t, queue.Complete(t.Context(), got))

	require.NoError(t, raw.Publish("interop.orders", []byte("bare"))) // with nothing beside it
	got = test.Receive(t, queue, 10*time.Second)
	require.Equal(t, "bare", got.GetMessageAsString())
	require.WithinDuration(t, time.Now(), got.SentTime, time.Minute, "the server's time stands in for the sender's")
	require.NoError(t, queue.Complete(t.Context(), got))

	envelope := queues.NewMessageEnvelope("corr-2", "order", []byte("payload"))
	envelope.Headers = map[string]string{"colour": "blue"}
	require.NoError(t, queue.Send(t.Context(), "", envelope))
	consumer, err := js.Consumer(t.Context(), "interop_orders", "interop_orders")
	require.NoError(t, err)
	message, err := consumer.Next()
	require.NoError(t, err)
	require.Equal(t, "interop.orders", message.Subject())
	require.Equal(t, "payload", string(message.Data()))
	require.Equal(t, envelope.MessageId, message.Headers().Get("message_id"))
	require.Equal(t, "corr-2", message.Headers().Get("correlation_id"))
	require.Equal(t, "order", message.Headers().Get("message_type"))
	require.Equal(t, "blue", message.Headers().Get("colour"))
	_, err = time.Parse(time.RFC3339, message.Headers().Get("sent_time"))
	require.NoError(t, err)
	require.NoError(t, message.DoubleAck(t.Context()))
	eventuallyCount(t, queue, 0)
}

func eventuallyCount(t testing.TB, queue queues.IMessageQueue, want int64) {
	require.Eventually(t, func() bool {
		count, err := queue.ReadMessageCount()
		return err == nil && count == want
	}, 10*time.Second, 20*time.Millisecond)
}

func TestOpeningSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	server := servers.NATS(t, servers.WithPassword("secret"))
	js, err := jetstream.New(connect(t, server))
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "kept", Subjects: []string{"kept"}})
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "other", Subjects: []string{"something"}, Retention: jetstream.WorkQueuePolicy})
	require.NoError(t, err)
	// Opening extends a stream before it looks at the consumer, so who wants another group has a stream of its own.
	for name, subject := range map[string]string{"plain": "plain", "plain_dead": "plain.dead", "grouped": "grouped"} {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Retention: jetstream.WorkQueuePolicy})
		require.NoError(t, err)
		_, err = js.CreateConsumer(t.Context(), name, jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: subject})
		require.NoError(t, err)
	}
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "idle", Subjects: []string{"idle"}, Retention: jetstream.WorkQueuePolicy})
	require.NoError(t, err)
	for name, wrong := range map[string]struct {
		queue    string
		options  []any
		sentinel error
		says     []string
	}{
		"wrong host":     {"a", []any{"connection.host", "no.such.host.invalid"}, queues.ErrNoConnection, []string{"no.such.host.invalid:", "connection.host"}},
		"wrong port":     {"a", []any{"connection.port", 1}, queues.ErrNoConnection, []string{"127.0.0.1:1", "connection.port"}},
		"wrong password": {"a", []any{"credential.password", "wrong"}, queues.ErrNoConnection, []string{"credential.password"}},
		"no stream":      {"a", []any{"options.auto_create", false}, queues.ErrBadConfig, []string{"stream a", "options.auto_create"}},
		"no consumer":    {"idle", []any{"options.auto_create", false}, queues.ErrBadConfig, []string{"stream idle", "consumer idle", "options.auto_create"}},
		"no schedules":   {"plain", []any{"options.auto_create", false, "options.require", "delay"}, queues.ErrNotSupported, []string{"delay"}},
		"no batches":     {"plain", []any{"options.auto_create", false, "options.require", "batch"}, queues.ErrNotSupported, []string{"batch"}},
		"other group":    {"grouped", []any{"queue_group", "others"}, queues.ErrBadConfig, []string{"queue_group"}},
		"kept messages":  {"kept", nil, queues.ErrBadConfig, []string{"stream kept", "work-queue", "options.stream"}},
		"other subject":  {"other", nil, queues.ErrBadConfig, []string{"stream other", "options.stream"}},
		"replicas":       {"b", []any{"options.replicas", 3}, queues.ErrBadConfig, []string{"options.replicas"}},
		"bad subject":    {"a", []any{"subject", "a.*"}, queues.ErrBadConfig, []string{"a.*", "wildcard", "subject"}},
		"bad stream":     {"a", []any{"options.stream", "a.b"}, queues.ErrBadConfig, []string{"options.stream", "a_b"}},
	} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(wrong.queue, test.With(configOf(server, "options.connect_timeout", 2000), wrong.options...))
			err := test.Refused(t, queue, 3*time.Second, wrong.sentinel, wrong.says...)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestAMessageOverTheServersLimitIsRefused(t *testing.T) {
	queue := newQueue("large", configOf(servers.NATS(t, servers.WithConfig("max_payload: 4096"))))
	test.Open(t, queue)
	err := queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", make([]byte, 4096)))
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	envelope := queues.NewMessageEnvelope("", "", make([]byte, 2048))
	envelope.Headers = map[string]string{"long": string(make([]byte, 2048))}
	err = queue.Send(t.Context(), "", envelope)
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	require.ErrorContains(t, err, "max_payload")
}

func TestWithoutJetStreamABareQueueWorksAndTheOtherSaysSo(t *testing.T) {
	server := servers.NATS(t, servers.WithConfig("jetstream: disabled"))
	queue := newQueue("a", configOf(server))
	err := queue.Open(t.Context(), "")
	require.ErrorIs(t, err, queues.ErrNotSupported)
	require.ErrorContains(t, err, "bare-nats")
	bare := newBareQueue("a", configOf(server, "options.autosubscribe", true))
	test.Open(t, bare)
	require.NoError(t, bare.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
	require.Equal(t, "A", test.Receive(t, bare, 10*time.Second).GetMessageAsString())
}

func TestAConnectionManagesQueues(t *testing.T) {
	server := servers.NATS(t)
	connection := nats.NewNatsConnection()
	connection.Configure(t.Context(), configOf(server))
	_, err := connection.ReadQueueNames()
	require.ErrorIs(t, err, queues.ErrNotOpened)
	require.NoError(t, connection.Open(t.Context(), ""))
	defer func() { require.NoError(t, connection.Close(t.Context(), "")) }()
	for _, name := range []string{"one", "two.parts"} {
		require.NoError(t, connection.CreateQueue(name))
		require.NoError(t, connection.CreateQueue(name), "a no-op if it is there")
	}
	names, err := connection.ReadQueueNames()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"one", "two.parts"}, names)
	for range 2 {
		require.NoError(t, connection.DeleteQueue("one"))
	}
	require.NoError(t, connection.DeleteQueue("two_parts"), "whose stream has the name of another one")
	names, err = connection.ReadQueueNames()
	require.NoError(t, err)
	require.Equal(t, []string{"two.parts"}, names)
}

func TestTheConnectionCanBeEncrypted(t *testing.T) {
	server := servers.NATS(t, servers.WithTLS())
	queue := newQueue("secret", configOf(server, "connection.protocol", "tls", "connection.tls.ca", server.CAFile))
	test.Open(t, queue)
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
	eventuallyCount(t, queue, 1)

	began := time.Now()
	err := newQueue("secret", configOf(server, "connection.protocol", "tls")).Open(t.Context(), "")
	require.ErrorIs(t, err, queues.ErrNoConnection)
	require.Less(t, time.Since(began), 5*time.Second, "trying again would not help")
	require.ErrorContains(t, err, "certificate")
	require.ErrorContains(t, err, "connection.tls")
}
