//go:build brokers

package servertest

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server) faults.Subject {
	return faults.Subject{Name: "redis", New: newQueue, Config: configOf(server), Server: server}
}

func TestServerKilledUnderLoad(t *testing.T) {
	faults.ServerRestarts(t, subjectOn(servers.Redis(t)))
}

func TestConsumersKilledInMidWork(t *testing.T) {
	faults.ConsumerKills(t, subjectOn(servers.Redis(t)))
}

func TestAListenerResumesAfterARestart(t *testing.T) {
	server := servers.Redis(t)
	test.ResumeAfter(t, openQueue(t, "resume", configOf(server)), 20*time.Second, server.Restart)
}

func TestCancelledReceivesLeaveNothingLocked(t *testing.T) {
	faults.CancelledReceives(t, subjectOn(servers.Redis(t, servers.WithConfig("appendonly no"))))
}

// TestAServerThatForgetsEverythingIsAsGoodAsNew restarts a server without persistence: queues that are open make
// what they need.
func TestAServerThatForgetsEverythingIsAsGoodAsNew(t *testing.T) {
	server := servers.Redis(t, servers.WithConfig("appendonly no"))
	queue := openQueue(t, "forgotten", configOf(server))
	require.False(t, queue.Capabilities().Has(queues.CapabilityDurable))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("lost")))
	held := test.Receive(t, queue, 0)
	require.NoError(t, server.Restart())
	require.ErrorIs(t, queue.Complete(t.Context(), held), queues.ErrLockLost)
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("new")))
	require.Equal(t, "new", test.ReceiveText(t, queue, 5*time.Second))
}

func TestAGroupThatIsGoneIsMadeAnew(t *testing.T) {
	server := servers.Redis(t, servers.WithConfig("appendonly no"))
	client := rawClient(t, server)
	queue := openQueue(t, "group", configOf(server))
	for _, envelope := range test.Numbered(4) {
		require.NoError(t, queue.Send(t.Context(), "test", envelope))
	}
	held := test.Receive(t, queue, 0)
	require.NoError(t, queue.Abandon(t.Context(), test.Receive(t, queue, 0)))
	require.NoError(t, client.XGroupDestroy(t.Context(), "{group}:stream", "queue").Err())
	require.Equal(t, "1", test.ReceiveText(t, queue, 0), "it is ready once more, whatever the group says")
	for _, want := range []string{"0", "2", "3"} {
		require.Equal(t, want, test.ReceiveText(t, queue, 0), "what is in the stream is as good as new")
	}
	require.ErrorIs(t, queue.Complete(t.Context(), held), queues.ErrLockLost)
	count, err := queue.ReadMessageCount()
	require.NoError(t, err)
	require.Zero(t, count)
}

// TestAServerThatHangsKeepsNobodyBeyondItsContext stops the server in its tracks, and lets it go on.
func TestAServerThatHangsKeepsNobodyBeyondItsContext(t *testing.T) {
	server := servers.Redis(t)
	queue := openQueue(t, "hanging", configOf(server))
	for _, envelope := range test.Numbered(2) {
		require.NoError(t, queue.Send(t.Context(), "test", envelope))
	}
	held := test.Receive(t, queue, 0)
	require.NoError(t, syscall.Kill(server.Pid(), syscall.SIGSTOP))
	for doing, call := range map[string]func(ctx context.Context) error{
		"Send":     func(ctx context.Context) error { return queue.Send(ctx, "test", test.Text("perhaps")) },
		"Receive":  func(ctx context.Context) error { _, err := queue.Receive(ctx, "test", time.Minute); return err },
		"Complete": func(ctx context.Context) error { return queue.Complete(ctx, held) },
		"Peek":     func(ctx context.Context) error { _, err := queue.Peek(ctx, "test"); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		require.ErrorIs(t, call(ctx), context.DeadlineExceeded, doing)
		require.Less(t, time.Since(began), time.Second, doing)
		cancel()
	}
	require.NoError(t, syscall.Kill(server.Pid(), syscall.SIGCONT))
	require.Equal(t, "1", test.ReceiveText(t, queue, 10*time.Second), "what was on its way for a receiver that has gone went back")
	require.Equal(t, "perhaps", test.ReceiveText(t, queue, 10*time.Second))
}
