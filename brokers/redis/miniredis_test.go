package redis

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What can be tried without a server: miniredis knows the commands, and deviates in details (it runs no script that
// begins with #!, does not tell its version, and keeps deleted entries in a group's list), so that the
// real server decides, in servertest.

// miniature is a connection component to a miniredis.
func miniature(t *testing.T) (*RedisConnection, *miniredis.Miniredis) {
	t.Helper()
	there := miniredis.RunT(t)
	made := client()
	dial := made.Dial
	made.Dial = func(ctx context.Context, target connect.Target, servers connect.Servers) (*link, error) {
		l, err := dial(ctx, target, servers)
		if err == nil {
			l.client.AddHook(plainScripts{})
		}
		return l, err
	}
	connection := &RedisConnection{connect.NewConnection(made)}
	connection.Configure(t.Context(), cconf.NewConfigParamsFromTuples("connection.uri", "redis://"+there.Addr()))
	require.NoError(t, connection.Open(t.Context(), "test"))
	t.Cleanup(func() { require.NoError(t, connection.Close(context.Background(), "test")) })
	return connection, there
}

// plainScripts takes the first line from scripts.
type plainScripts struct{}

func (plainScripts) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (plainScripts) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

func (plainScripts) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if args := cmd.Args(); args[0] == "eval" {
			_, args[1], _ = strings.Cut(args[1].(string), "\n")
		}
		return next(ctx, cmd)
	}
}

func openMiniature(t *testing.T, connection *RedisConnection, name string, options ...any) *RedisMessageQueue {
	t.Helper()
	queue := NewRedisMessageQueue(name)
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(append(options, "dependencies.connection", "pip-services:connection:redis:default:1.0")...))
	queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(), cref.NewDescriptor("pip-services", "connection", "redis", "default", "1.0"), connection))
	require.NoError(t, queue.Open(t.Context(), "test"))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "test")) })
	return queue
}

func send(t *testing.T, queue queues.IMessageQueue, text string) {
	t.Helper()
	require.NoError(t, queue.Send(t.Context(), "test", queues.NewMessageEnvelope("test", "text", []byte(text))))
}

func receive(t *testing.T, queue queues.IMessageQueue, text string, count int) *queues.MessageEnvelope {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), "test", 5*time.Second)
	require.NoError(t, err)
	require.NotNil(t, envelope)
	require.Equal(t, []any{text, count}, []any{envelope.GetMessageAsString(), envelope.DeliveryCount})
	return envelope
}

func TestMessagesComeInOrderAndBackToTheirPlace(t *testing.T) {
	connection, _ := miniature(t)
	queue := openMiniature(t, connection, "orders")
	for i := range 5 {
		send(t, queue, fmt.Sprint(i))
	}
	first, second := receive(t, queue, "0", 1), receive(t, queue, "1", 1)
	require.NoError(t, queue.Abandon(t.Context(), second))
	require.NoError(t, queue.Abandon(t.Context(), first))
	peeked, err := queue.PeekBatch(t.Context(), "test", 3)
	require.NoError(t, err)
	require.Len(t, peeked, 3)
	for i, envelope := range peeked {
		require.Equal(t, fmt.Sprint(i), envelope.GetMessageAsString())
	}
	require.NoError(t, queue.Complete(t.Context(), receive(t, queue, "0", 2)))
	require.NoError(t, queue.Complete(t.Context(), receive(t, queue, "1", 2)))
	require.NoError(t, queue.Complete(t.Context(), receive(t, queue, "2", 1)))
}

func TestAWaitingReceiverIsWoken(t *testing.T) {
	connection, there := miniature(t)
	queue := openMiniature(t, connection, "orders")
	got := make(chan *queues.MessageEnvelope, 1)
	begin := func() {
		go func() {
			envelope, _ := queue.Receive(t.Context(), "test", 20*time.Second)
			got <- envelope
		}()
	}
	begin()
	_, err := there.XAdd("{orders}:stream", "*", []string{"message", "plain"}) // as anybody can
	require.NoError(t, err)
	held := <-got
	require.Equal(t, "plain", held.GetMessageAsString())
	begin()
	require.NoError(t, queue.Abandon(t.Context(), held))
	require.Equal(t, 2, (<-got).DeliveryCount)
	begin()
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "test", queues.NewMessageEnvelope("test", "", []byte("late")), 50*time.Millisecond))
	require.Equal(t, "late", (<-got).GetMessageAsString())
}

func TestALockThatRunsOutIsNobodysAnyMore(t *testing.T) {
	connection, _ := miniature(t)
	queue := openMiniature(t, connection, "orders", "options.lock_timeout", 100)
	other := openMiniature(t, connection, "orders", "options.lock_timeout", 10_000)
	send(t, queue, "A")
	stale := receive(t, queue, "A", 1)
	again := receive(t, other, "A", 2)
	require.ErrorIs(t, queue.Complete(t.Context(), stale), queues.ErrLockLost)
	require.NoError(t, other.RenewLock(t.Context(), again, time.Minute))
	require.NoError(t, other.Complete(t.Context(), again))
}

func TestAStaleHandleIsRefusedByTheServer(t *testing.T) {
	connection, _ := miniature(t)
	queue := openMiniature(t, connection, "orders")
	send(t, queue, "A")
	receive(t, queue, "A", 1)
	lease, err := connect.Acquire(t.Context(), connect.Target{}, connection, client())
	require.NoError(t, err)
	defer lease.Release()
	keys, err := keysOf("", "orders")
	require.NoError(t, err)
	id := lease.Client.client.XRange(t.Context(), keys.stream(), "-", "+").Val()[0].ID
	stale := func(script script, arguments ...any) {
		answer, err := lease.Client.run(t.Context(), script, keys, arguments...)
		require.NoError(t, err)
		if list, ok := answer.([]any); ok {
			answer = list[0]
		}
		require.EqualValues(t, 0, answer)
	}
	stale(lease.Client.scripts.complete, defaultGroup, id, "other:1")
	stale(lease.Client.scripts.release, id, "other:1", 0, 0)
	stale(lease.Client.scripts.extend, id, "other:1", 1000)
	dead, err := keysOf("", "orders.dead")
	require.NoError(t, err)
	keys = append(keys, dead.stream())
	stale(lease.Client.scripts.bury, defaultGroup, id, "other:1", "message", "A")
}

func TestQueuesAreListedMadeAndDeleted(t *testing.T) {
	connection, there := miniature(t)
	there.HSet("{not}:stream", "a", "b")
	require.NoError(t, connection.CreateQueue("orders"))
	require.NoError(t, connection.CreateQueue("orders"))
	names, err := connection.ReadQueueNames()
	require.NoError(t, err)
	require.Equal(t, []string{"orders"}, names)
	queue := openMiniature(t, connection, "shipments")
	names, err = connection.ReadQueueNames()
	require.NoError(t, err)
	require.Equal(t, []string{"orders", "shipments", "shipments.dead"}, names)
	send(t, queue, "A")
	require.NoError(t, connection.DeleteQueue("shipments"))
	require.NoError(t, connection.DeleteQueue("shipments"))
	send(t, queue, "B") // as if nothing had been
	receive(t, queue, "B", 1)
	require.ErrorIs(t, connection.CreateQueue("}"), queues.ErrBadConfig)
}

func TestAFullQueueMakesSendersWaitOrRefusesThem(t *testing.T) {
	connection, _ := miniature(t)
	queue := openMiniature(t, connection, "orders", "options.max_messages", 1)
	strict := openMiniature(t, connection, "orders", "options.max_messages", 1, "options.overflow", "reject")
	send(t, queue, "A")
	require.ErrorIs(t, strict.Send(t.Context(), "test", queues.NewMessageEnvelope("", "", nil)), queues.ErrQueueFull)
	sent := make(chan error, 1)
	go func() { sent <- queue.Send(t.Context(), "test", queues.NewMessageEnvelope("test", "", []byte("B"))) }()
	require.NoError(t, strict.Complete(t.Context(), receive(t, strict, "A", 1)))
	require.NoError(t, <-sent)
	receive(t, queue, "B", 1)
}
