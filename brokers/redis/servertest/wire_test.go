//go:build brokers

package servertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestEntriesOfOthersAreMessages(t *testing.T) {
	server := servers.Redis(t)
	client := rawClient(t, server)
	queue := openQueue(t, "wire", configOf(server))
	received := make(chan *queues.MessageEnvelope, 10)
	queue.BeginListen(t.Context(), "test", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
		received <- envelope.Clone()
		return nil
	}))
	add := func(values ...any) *queues.MessageEnvelope {
		t.Helper()
		began := time.Now()
		require.NoError(t, client.XAdd(t.Context(), &goredis.XAddArgs{Stream: "{wire}:stream", Values: values}).Err())
		select {
		case got := <-received:
			require.Less(t, time.Since(began), time.Second, "it is seen promptly")
			return got
		case <-time.After(10 * time.Second):
			t.Fatal("it does not wake the listener")
			return nil
		}
	}
	got := add("message_id", "id", "correlation_id", "correlation", "message_type", "type", "sent_time", "2024-02-29T12:00:00.000000001Z",
		"h:one", "1", "h:größe", "", "message", []byte{0, 255})
	require.Equal(t, []string{"id", "correlation", "type"}, []string{got.MessageId, got.CorrelationId, got.MessageType})
	require.Equal(t, time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC), got.SentTime)
	require.Equal(t, map[string]string{"one": "1", "größe": ""}, got.Headers)
	require.Equal(t, []byte{0, 255}, got.Message)

	got = add("anything", "else")
	require.NotEmpty(t, got.MessageId, "the id of the entry stands in")
	require.Equal(t, map[string]string{"anything": "else"}, got.Headers)
	require.WithinDuration(t, time.Now(), got.SentTime, time.Minute)
	require.Empty(t, got.Message)
}

func TestOthersCanConsumeMessages(t *testing.T) {
	server := servers.Redis(t)
	client := rawClient(t, server)
	queue := openQueue(t, "wire", configOf(server, "options.lock_timeout", 200))
	sent := &queues.MessageEnvelope{
		MessageId: "id", CorrelationId: "correlation", MessageType: "type", Message: []byte{0, 255},
		Headers: map[string]string{"one": "1"},
	}
	for range 2 {
		require.NoError(t, queue.Send(t.Context(), "test", sent))
	}
	read, err := client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "queue", Consumer: "other", Streams: []string{"{wire}:stream", ">"}, Count: 2}).Result()
	require.NoError(t, err)
	require.Len(t, read[0].Messages, 2)
	first, second := read[0].Messages[0], read[0].Messages[1]
	values := first.Values
	sentTime, err := time.Parse(time.RFC3339Nano, fmt.Sprint(values["sent_time"]))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), sentTime, time.Minute)
	delete(values, "sent_time")
	require.Equal(t, map[string]any{"message_id": "id", "correlation_id": "correlation", "message_type": "type", "h:one": "1", "message": "\x00\xff"}, values)
	count, err := queue.ReadMessageCount()
	require.NoError(t, err)
	require.Zero(t, count, "the other consumer has them")

	// It completes one, and dies with the other.
	require.NoError(t, client.XAck(t.Context(), "{wire}:stream", "queue", first.ID).Err())
	require.NoError(t, client.XDel(t.Context(), "{wire}:stream", first.ID).Err())
	require.Eventually(t, func() bool {
		envelope, err := queue.Receive(t.Context(), "test", 0)
		return err == nil && envelope != nil && envelope.DeliveryCount == 2 && queue.Complete(t.Context(), envelope) == nil
	}, 10*time.Second, 20*time.Millisecond, "a message that somebody has left behind comes again")
	require.Zero(t, client.XLen(t.Context(), "{wire}:stream").Val())
	pending, err := client.XPending(t.Context(), "{wire}:stream", "queue").Result()
	require.NoError(t, err)
	require.Zero(t, pending.Count, "of %s nothing is left", second.ID)
}

func TestACompletedQueueLeavesNothing(t *testing.T) {
	server := servers.Redis(t)
	client := rawClient(t, server)
	queue := openQueue(t, "clean", configOf(server))
	for _, envelope := range test.Numbered(20) {
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "test", envelope, time.Millisecond))
	}
	require.NoError(t, queue.Abandon(t.Context(), test.Receive(t, queue, time.Second)))
	require.NoError(t, queues.AbandonDelayed(t.Context(), queue, test.Receive(t, queue, time.Second), time.Millisecond))
	for range 20 {
		test.ReceiveText(t, queue, 5*time.Second)
	}
	require.Zero(t, client.XLen(t.Context(), "{clean}:stream").Val())
	require.Zero(t, client.XLen(t.Context(), "{clean}:later").Val())
	for _, key := range []string{"held", "locked", "again", "delayed", "full"} {
		require.Zero(t, client.Exists(t.Context(), "{clean}:"+key).Val(), key)
	}
}

func TestOrderHoldsForOneSender(t *testing.T) {
	const count = 2000
	server := servers.Redis(t, servers.WithConfig("appendonly no"))
	queue := openQueue(t, "order", configOf(server, "options.max_deliveries", 0))
	for i, envelope := range test.Numbered(count) {
		if i%10 == 0 {
			require.NoError(t, queues.SendBatch(t.Context(), queue, "test", []*queues.MessageEnvelope{envelope}))
		} else {
			require.NoError(t, queue.Send(t.Context(), "test", envelope))
		}
	}
	for next := 0; next < count; {
		batch, err := queues.ReceiveBatch(t.Context(), queue, "test", 100, 0)
		require.NoError(t, err)
		require.NotEmpty(t, batch)
		for i, envelope := range batch {
			require.Equal(t, fmt.Sprint(next), envelope.GetMessageAsString())
			if i%2 == 1 && envelope.DeliveryCount == 1 { // of each batch every other message goes back, and comes before what follows
				for _, left := range batch[i:] {
					require.NoError(t, queue.Abandon(t.Context(), left))
				}
				break
			}
			require.NoError(t, queue.Complete(t.Context(), envelope))
			next++
		}
	}
}

func TestASharedConnectionOutlivesItsComponent(t *testing.T) {
	server := servers.Redis(t)
	connection := redis.NewRedisConnection()
	connection.Configure(t.Context(), configOf(server, "options.key_prefix", "shop:"))
	conformance.CheckConnection(t, connection, func(settings ...any) queues.IMessageQueue {
		return test.Over(connection, "redis", redis.NewRedisMessageQueue("orders"), settings...)
	})
	require.EqualValues(t, 1, rawClient(t, server).Exists(t.Context(), "shop:{orders}.dead:stream").Val(), "the prefix is that of the component")
}
