package servertest

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// inGroup is config in mode group, with options, keys and values in turn.
func inGroup(config *cconf.ConfigParams, options ...any) *cconf.ConfigParams {
	return config.Override(cconf.NewConfigParamsFromTuples(append(options, "options.mode", "group")...))
}

func TestTheNextOwnerOfAPartitionKnowsWhatIsSettledAndCounted(t *testing.T) {
	t.Parallel()
	config := inGroup(startBroker(t))
	first := openQueue(t, "handover", config)
	for _, envelope := range test.Numbered(5) {
		require.NoError(t, first.Send(t.Context(), "", envelope))
	}
	var held []*queues.MessageEnvelope
	for range 4 {
		held = append(held, test.Receive(t, first, 20*time.Second))
	}
	require.NoError(t, first.Complete(t.Context(), held[1])) // though an earlier one is open
	require.NoError(t, first.Complete(t.Context(), held[3]))
	require.NoError(t, first.Abandon(t.Context(), held[2]))
	require.NoError(t, first.Close(t.Context(), ""))

	second := openQueue(t, "handover", config)
	got := map[string]int{}
	for range 3 {
		envelope := test.Receive(t, second, 20*time.Second)
		got[envelope.GetMessageAsString()] = envelope.DeliveryCount
		require.NoError(t, second.Complete(t.Context(), envelope))
	}
	require.Equal(t, map[string]int{"0": 1, "2": 2, "4": 1}, got)
	lag, err := second.Lag(t.Context())
	require.NoError(t, err)
	require.Zero(t, lag)
}

func TestMessagesThatBelongTogetherAreHandledOneAfterTheOther(t *testing.T) {
	t.Parallel()
	queue := openQueue(t, "lanes", inGroup(startBroker(t), "options.order_by", "header:customer", "options.num_partitions", 4))
	send := func(customer, value string) {
		envelope := test.Text(value)
		envelope.Headers = map[string]string{"customer": customer}
		require.NoError(t, queue.Send(t.Context(), "", envelope))
	}
	send("a", "a1")
	send("a", "a2")
	send("b", "b1")
	next := func() *queues.MessageEnvelope { return test.Receive(t, queue, 20*time.Second) }
	held := map[string]*queues.MessageEnvelope{}
	for range 2 {
		envelope := next()
		held[envelope.GetMessageAsString()] = envelope
	}
	require.Contains(t, held, "a1")
	require.Contains(t, held, "b1")
	none := func() {
		envelope, err := queue.Receive(t.Context(), "", 300*time.Millisecond)
		require.NoError(t, err)
		require.Nil(t, envelope, "a2 waits for a1")
	}
	none()
	require.NoError(t, queue.Abandon(t.Context(), held["a1"]))
	again := next()
	require.Equal(t, "a1", again.GetMessageAsString(), "before a2, though it failed")
	require.Equal(t, 2, again.DeliveryCount)
	none()
	require.NoError(t, queue.Complete(t.Context(), again))
	require.Equal(t, "a2", next().GetMessageAsString())
}

func TestMembersShareThePartitionsAndTakeOverFromEachOther(t *testing.T) {
	t.Parallel()
	const total = 200
	config := inGroup(startBroker(t), "options.num_partitions", 4, "options.listen_concurrency", 2)
	sender := openQueue(t, "members", config)
	received := make(chan string, 2*total)
	listen := func() *queues.MessageQueue {
		queue := openQueue(t, "members", config)
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			received <- envelope.GetMessageAsString()
			return nil
		}))
		return queue.MessageQueue
	}
	one := listen()
	listen()
	for i, envelope := range test.Numbered(total) {
		require.NoError(t, sender.Send(t.Context(), "", envelope))
		if i == total/2 {
			require.NoError(t, one.Close(t.Context(), ""))
		}
	}
	seen := map[string]int{}
	for len(seen) < total {
		select {
		case value := <-received:
			seen[value]++
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d messages came", len(seen), total)
		}
	}
	for value, times := range seen {
		require.Equal(t, 1, times, "message %s", value)
	}
}
