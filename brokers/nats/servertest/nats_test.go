package servertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// opened is an open queue on the server in this process.
func opened(t *testing.T, server *inProcess, name string, options ...any) *nats.NatsMessageQueue {
	connection := nats.NewInProcessNatsConnection(server)
	connection.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.reconnect_timeout", 50))
	return test.Open(t, test.Over(connection, "nats", nats.NewNatsMessageQueue(name), options...))
}

func TestARequestThatNobodyWaitsForTakesNothingFromOthers(t *testing.T) {
	server := startInProcess(t)
	one, other := opened(t, server, "parked"), opened(t, server, "parked")
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := one.Receive(ctx, "", time.Minute)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
	}
	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := one.Receive(cancelled, "", time.Minute) // whose request the server keeps for seconds
	require.ErrorIs(t, err, context.Canceled)
	for range 3 {
		require.NoError(t, one.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
		began := time.Now()
		got := test.Receive(t, other, 10*time.Second)
		require.Equal(t, 1, got.DeliveryCount)
		require.Less(t, time.Since(began), 2*time.Second)
		require.NoError(t, other.Complete(t.Context(), got))
	}
}

func TestAStreamInMemoryIsMadeAnewAfterItsServerWasRestarted(t *testing.T) {
	server := startInProcess(t)
	queue := opened(t, server, "forgetful", "options.storage", "memory")
	require.False(t, queue.Capabilities().Has(queues.CapabilityDurable))
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
	server.stop()
	require.NoError(t, server.start())
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("B"))))
	got := test.Receive(t, queue, 10*time.Second)
	require.Equal(t, "B", got.GetMessageAsString())
	require.NoError(t, queue.Complete(t.Context(), got))
}

func TestALimitAndSchedulesDoNotGoTogether(t *testing.T) {
	server := startInProcess(t)
	opened(t, server, "unlimited")
	limited := opened(t, server, "limited", "options.max_messages", 5)
	require.False(t, limited.Capabilities().Has(queues.CapabilityDelay))

	queue := nats.NewNatsMessageQueue("unlimited")
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.max_messages", 5,
		"dependencies.connection", "pip-services:connection:nats:default:1.0"))
	queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
		cref.NewDescriptor("pip-services", "connection", "nats", "default", "1.0"), nats.NewInProcessNatsConnection(server)))
	err := queue.Open(t.Context(), "")
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "options.max_messages")
}

func TestAStreamThatSomebodyElseMadeIsUsedAsItIs(t *testing.T) {
	server := startInProcess(t)
	raw, err := natsgo.Connect("", natsgo.InProcessServer(server))
	require.NoError(t, err)
	defer raw.Close()
	js, err := jetstream.New(raw)
	require.NoError(t, err)
	for name, subject := range map[string]string{"theirs": "theirs", "theirs_dead": "theirs.dead"} {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Retention: jetstream.WorkQueuePolicy})
		require.NoError(t, err)
		_, err = js.CreateConsumer(t.Context(), name, jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy})
		require.NoError(t, err)
	}
	queue := opened(t, server, "theirs", "options.auto_create", false)
	require.False(t, queue.Capabilities().Has(queues.CapabilityDelay))
	require.False(t, queue.Capabilities().Has(queues.CapabilityBatch))
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
	for count := 1; count <= 2; count++ {
		got := test.Receive(t, queue, 10*time.Second)
		require.Equal(t, count, got.DeliveryCount)
		if count == 1 {
			require.NoError(t, queue.Abandon(t.Context(), got))
		} else {
			require.NoError(t, queue.MoveToDeadLetter(t.Context(), got))
		}
	}
	info, err := js.Stream(t.Context(), "theirs_dead")
	require.NoError(t, err)
	require.EqualValues(t, 1, info.CachedInfo().State.Msgs)
}

func TestMessagesAreCountedByTheirState(t *testing.T) {
	server := startInProcess(t)
	for _, schedules := range []bool{true, false} {
		t.Run(fmt.Sprintf("schedules %t", schedules), func(t *testing.T) {
			name := fmt.Sprintf("counted-%t", schedules)
			one := opened(t, server, name, "options.schedules", schedules)
			other := opened(t, server, name, "options.schedules", schedules)
			for range 4 {
				require.NoError(t, one.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("A"))))
			}
			require.NoError(t, queues.SendDelayed(t.Context(), one, "", queues.NewMessageEnvelope("", "", nil), time.Hour))
			receive := func() *queues.MessageEnvelope { return test.Receive(t, one, 10*time.Second) }
			receive()
			later := receive()
			require.NoError(t, one.Abandon(t.Context(), receive()))
			require.NoError(t, queues.AbandonDelayed(t.Context(), one, later, time.Hour))
			for _, queue := range []*nats.NatsMessageQueue{one, other} {
				test.AwaitStates(t, queue, 0, 2, 1, 2)
				count, err := queue.ReadMessageCount()
				require.NoError(t, err)
				require.EqualValues(t, 2, count)
			}
		})
	}
}
