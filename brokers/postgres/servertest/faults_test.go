//go:build brokers

package servertest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server) faults.Subject {
	return faults.Subject{
		Name: "postgres",
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, params)
		},
		Config: configOf(server),
		Server: server,
	}
}

func TestServerKilledUnderLoad(t *testing.T) {
	faults.ServerRestarts(t, subjectOn(servers.Postgres(t)))
}

func TestConsumersKilledInMidWork(t *testing.T) {
	t.Parallel()
	faults.ConsumerKills(t, subjectOn(servers.Postgres(t)))
}

func TestConsumersWithPrefetchKilledInMidWork(t *testing.T) {
	t.Parallel()
	subject := subjectOn(servers.Postgres(t))
	subject.Config = subject.Config.Override(cconf.NewConfigParamsFromTuples("options.prefetch", 32))
	faults.ConsumerKills(t, subject)
}

func TestAListenerResumesAfterARestart(t *testing.T) {
	server := servers.Postgres(t)
	queue := openQueue(t, "resume", configOf(server))
	received := make(chan string, 10)
	queue.BeginListen(t.Context(), "test", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
		received <- envelope.GetMessageAsString()
		return nil
	}))
	require.NoError(t, queue.Send(t.Context(), "test", text("before")))
	require.Equal(t, "before", <-received)
	require.NoError(t, server.Restart())
	require.Eventually(t, func() bool { return queue.Send(t.Context(), "test", text("after")) == nil }, 10*time.Second, 10*time.Millisecond)
	select {
	case got := <-received:
		require.Equal(t, "after", got)
	case <-time.After(20 * time.Second):
		t.Fatal("the listener does not resume")
	}
}

func TestCancelledReceivesLeaveNothingLocked(t *testing.T) {
	const messages, rounds = 500, 5000
	server := servers.Postgres(t)
	queue := openQueue(t, "cancel", configOf(server, "options.lock_timeout", 600_000, "options.max_deliveries", 0))
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", numbered(messages)))
	var receivers sync.WaitGroup
	var next, cancelled atomic.Int64
	for range 4 {
		receivers.Go(func() {
			for {
				round := next.Add(1)
				if round > rounds {
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round%40)*25*time.Microsecond)
				envelope, err := queue.Receive(ctx, "test", time.Second)
				cancel()
				if err != nil {
					cancelled.Add(1)
					continue
				}
				if envelope != nil {
					if err := queue.Abandon(t.Context(), envelope); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	receivers.Wait()
	t.Logf("%d of %d receives were cancelled", cancelled.Load(), rounds)
	require.Positive(t, cancelled.Load())
	require.Eventually(t, func() bool {
		count, err := queue.ReadMessageCount()
		return err == nil && count == messages
	}, 10*time.Second, 10*time.Millisecond)
	for range 3 { // and no delivery counts but those that were had
		envelope, err := queue.Receive(t.Context(), "test", 0)
		require.NoError(t, err)
		require.NotNil(t, envelope)
	}
}
