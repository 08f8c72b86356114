//go:build brokers

package servertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestOneSenderKeepsItsOrderWhenTheClockIsSetBack(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "order", configOf(server))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("1")))
	// As if it had been sent an hour later, before the clock was set back.
	_, err := connect(t, server).Exec(t.Context(), "UPDATE messages SET place = place + interval '1 hour'")
	require.NoError(t, err)
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("2")), "this process has not seen the other place")
	require.Equal(t, "2", test.ReceiveText(t, queue, 0))
	require.Equal(t, "1", test.ReceiveText(t, queue, 0), "a message is ready whatever the clock says")
}

func TestOrderHoldsForOneSender(t *testing.T) {
	const count = 2000
	server := servers.Postgres(t)
	queue := openQueue(t, "order", configOf(server))
	noise := openQueue(t, "order-noise", configOf(server))
	for i, envelope := range test.Numbered(count) {
		switch {
		case i%10 == 0:
			require.NoError(t, queues.SendBatch(t.Context(), queue, "test", []*queues.MessageEnvelope{envelope}))
		default:
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
		if i%100 == 0 {
			require.NoError(t, noise.Send(t.Context(), "test", envelope))
		}
	}
	for i := range 20 {
		require.Equal(t, fmt.Sprint(i), test.ReceiveText(t, queue, 0))
	}
	rest, err := queues.ReceiveBatch(t.Context(), queue, "test", count, 0)
	require.NoError(t, err)
	require.Greater(t, len(rest), 900)
	for i, envelope := range rest {
		require.Equal(t, fmt.Sprint(20+i), envelope.GetMessageAsString())
	}
}

// A Take looks no further back than the last one found something. A message that comes to be behind that is found
// nevertheless: in its place if its sender says where it is, else at the latest when nothing else is left.
func TestMessagesThatComeLateAreFound(t *testing.T) {
	const count = 300
	server := servers.Postgres(t)
	for _, late := range []struct {
		name, notification string
		inPlace            bool
	}{
		{name: "notified with the place", notification: "(1000000 * extract(epoch FROM place))::bigint::text", inPlace: true},
		{name: "notified without", notification: "''", inPlace: true},
		{name: "without a notification"},
	} {
		t.Run(late.name, func(t *testing.T) {
			queue := openQueue(t, t.Name(), configOf(server, "options.poll_interval", 3_600_000))
			require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(count)))
			require.Equal(t, "0", test.ReceiveText(t, queue, 0))
			insert := "INSERT INTO messages (queue, place, message) VALUES ($1, now() - interval '1 hour', 'late') RETURNING place"
			if late.inPlace {
				insert = "WITH late AS (" + insert + ") SELECT pg_notify('pip_' || md5('public.messages.' || $1), " + late.notification + ") FROM late"
			}
			_, err := connect(t, server).Exec(t.Context(), insert, queue.Name())
			require.NoError(t, err)
			received := []string{}
			for range count {
				received = append(received, test.ReceiveText(t, queue, 10*time.Second))
			}
			if late.inPlace {
				require.Contains(t, received[:count-1], "late")
			} else {
				require.Contains(t, received, "late")
			}
		})
	}
}

func TestAMessageThatIsGivenBackElsewhereIsNext(t *testing.T) {
	server := servers.Postgres(t)
	one, other := openQueue(t, "order", configOf(server)), openQueue(t, "order", configOf(server))
	require.NoError(t, queues.SendBatch(t.Context(), one, "test", test.Numbered(10)))
	for i := range 5 {
		first, err := one.Receive(t.Context(), "test", 0)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(2*i), first.GetMessageAsString())
		require.NoError(t, one.Abandon(t.Context(), first))
		require.Equal(t, fmt.Sprint(2*i), test.ReceiveText(t, other, 0))
		require.Equal(t, fmt.Sprint(2*i+1), test.ReceiveText(t, other, 0))
	}
}

func TestQueuesThatShareConnectionsWakeEachOther(t *testing.T) {
	server := servers.Postgres(t)
	connection := postgres.NewPostgresConnection()
	connection.Configure(t.Context(), configOf(server))
	references := cref.NewReferencesFromTuples(t.Context(), cref.NewDescriptor("pip-services", "connection", "postgres", "default", "1.0"), connection)
	open := func() *postgres.PostgresMessageQueue {
		queue := postgres.NewPostgresMessageQueue("shared")
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("options.poll_interval", 3_600_000,
			"dependencies.connection", "pip-services:connection:postgres:default:1.0"))
		queue.SetReferences(t.Context(), references)
		require.NoError(t, queue.Open(t.Context(), "test"))
		t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "test")) })
		return queue
	}
	sender, receiver := open(), open()
	received := make(chan string)
	receive := func(queue queues.IMessageQueue) {
		go func() {
			envelope, err := queue.Receive(t.Context(), "test", time.Minute)
			if err != nil || envelope == nil {
				received <- fmt.Sprintf("no message, %v", err)
				return
			}
			if queue == receiver {
				err = receiver.MoveToDeadLetter(t.Context(), envelope)
			}
			received <- fmt.Sprint(envelope.GetMessageAsString(), err)
		}()
	}
	dead, err := queues.DeadLetters(sender)
	require.NoError(t, err)
	receive(dead)
	receive(receiver)
	began := time.Now()
	require.NoError(t, queues.SendDelayed(t.Context(), sender, "test", test.Text("A"), 300*time.Millisecond)) // when both wait
	require.Equal(t, "A<nil>", <-received)
	require.Equal(t, "A<nil>", <-received)
	require.Less(t, time.Since(began), 10*time.Second)
}

// Many transactions at a time are nothing that a strict database refuses.
func TestAStrictDatabaseWillDo(t *testing.T) {
	const count = 1000
	server := servers.Postgres(t, servers.WithConfig("default_transaction_isolation = 'serializable'"))
	one, other := openQueue(t, "strict", configOf(server)), openQueue(t, "strict", configOf(server))
	require.NoError(t, queues.SendBatch(t.Context(), one, "test", test.Numbered(count)))
	var receivers sync.WaitGroup
	for _, queue := range []*postgres.PostgresMessageQueue{one, other, one, other} {
		receivers.Go(func() {
			for {
				envelope, err := queue.Receive(t.Context(), "test", 0)
				if err == nil && envelope == nil {
					return
				}
				if err == nil {
					err = queue.Complete(t.Context(), envelope)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	receivers.Wait()
	left, err := one.ReadMessageCount()
	require.NoError(t, err)
	require.Zero(t, left)
}

func TestMessagesAreCountedByState(t *testing.T) {
	server := servers.Postgres(t)
	queue, other := openQueue(t, "states", configOf(server)), openQueue(t, "states", configOf(server))
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(6)))
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "test", test.Text("later"), time.Hour))
	for _, settle := range []func(*queues.MessageEnvelope) error{
		func(*queues.MessageEnvelope) error { return nil },
		func(e *queues.MessageEnvelope) error { return other.RenewLock(t.Context(), e, time.Hour) },
		func(e *queues.MessageEnvelope) error { return other.Complete(t.Context(), e) },
		func(e *queues.MessageEnvelope) error { return queues.AbandonDelayed(t.Context(), other, e, time.Hour) },
		func(e *queues.MessageEnvelope) error { return other.Abandon(t.Context(), e) },
	} {
		require.NoError(t, settle(test.Receive(t, other, 0)))
	}
	test.AwaitStates(t, queue, 0, 2, 2, 2)
}
