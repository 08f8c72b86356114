//go:build brokers

package servertest

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// A listener completes in groups: a message that is another delivery's by then is left alone, the others go.
func TestOfAGroupOnlyWhatIsHeldIsCompleted(t *testing.T) {
	const count = 100
	server := servers.Redis(t)
	queue := openQueue(t, "group", configOf(server, "options.listen_concurrency", count))
	client := rawClient(t, server)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(count)))
	finish, received := test.Work(t, queue, count, 10*time.Second)
	held := client.HGetAll(t.Context(), "{group}:held").Val()
	require.Len(t, held, count)
	others := 0
	for id := range held {
		if others < count/2 {
			others++
			require.NoError(t, client.HSet(t.Context(), "{group}:held", id, "other:2").Err())
		}
	}
	finish()
	test.AwaitStates(t, queue, 10*time.Second, 0, count/2, 0)
	require.EqualValues(t, count/2, client.XLen(t.Context(), "{group}:stream").Val())
	require.EqualValues(t, count, received.Load())
}

func TestMessagesAreCountedByState(t *testing.T) {
	server := servers.Redis(t)
	queue, other := openQueue(t, "states", configOf(server)), openQueue(t, "states", configOf(server))
	client := rawClient(t, server)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(7)))
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
	test.AwaitStates(t, queue, 0, 3, 2, 2)
	_, err := client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "queue", Consumer: "me", Streams: []string{"{states}:stream", ">"}, Count: 1}).Result()
	require.NoError(t, err)
	test.AwaitStates(t, queue, 0, 2, 3, 2) // locked by a consumer of others
	require.NoError(t, queue.Clear(t.Context(), "test"))
	test.AwaitStates(t, queue, 0, 0, 0, 0)
}

// No more than a thousand are made ready at a time; they are counted as ready nevertheless.
func TestWhatIsDueIsCountedAsReady(t *testing.T) {
	const count = 2500
	server := servers.Redis(t, servers.WithConfig("appendonly no"))
	queue := openQueue(t, "due", configOf(server))
	client := rawClient(t, server)
	require.NoError(t, queues.SendBatch(t.Context(), queue, "test", test.Numbered(count)))
	for taken := 0; taken < count; {
		envelopes, err := queues.ReceiveBatch(t.Context(), queue, "test", count-taken, 0)
		require.NoError(t, err)
		taken += len(envelopes)
	}
	_, err := client.Pipelined(t.Context(), func(pipe goredis.Pipeliner) error {
		for i, entry := range client.ZRange(t.Context(), "{due}:locked", 0, -1).Val() {
			if i%2 == 0 { // its lock is over
				pipe.ZAdd(t.Context(), "{due}:locked", goredis.Z{Score: 1, Member: entry})
				continue
			}
			pipe.ZRem(t.Context(), "{due}:locked", entry) // it was released for later, which is now
			pipe.ZAdd(t.Context(), "{due}:paused", goredis.Z{Score: 1, Member: entry})
			pipe.HSet(t.Context(), "{due}:held", entry, ":1")
		}
		return nil
	})
	require.NoError(t, err)
	for range 3 {
		test.AwaitStates(t, queue, 0, count, 0, 0)
	}
}
