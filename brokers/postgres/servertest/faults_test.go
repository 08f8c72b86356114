//go:build brokers

package servertest

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
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
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("before")))
	require.Equal(t, "before", <-received)
	require.NoError(t, server.Restart())
	require.Eventually(t, func() bool { return queue.Send(t.Context(), "test", test.Text("after")) == nil }, 10*time.Second, 10*time.Millisecond)
	select {
	case got := <-received:
		require.Equal(t, "after", got)
	case <-time.After(20 * time.Second):
		t.Fatal("the listener does not resume")
	}
}

func TestCancelledReceivesLeaveNothingLocked(t *testing.T) {
	faults.CancelledReceives(t, subjectOn(servers.Postgres(t)))
}
