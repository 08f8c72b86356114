package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// eachMode plays in both modes, with two partitions, so that no order is promised.
func eachMode(t *testing.T, play func(t *testing.T, config *cconf.ConfigParams)) {
	t.Helper()
	for _, mode := range []string{"share", "group"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			play(t, startBroker(t).Override(cconf.NewConfigParamsFromTuples("options.mode", mode, "options.num_partitions", 2)))
		})
	}
}

func brokerOf(config *cconf.ConfigParams) kgo.Opt {
	return kgo.SeedBrokers(config.GetAsString("connection.uri")[len("tcp://"):])
}

func TestALongBackOffOutlivesTheProcessAndKeepsTheCount(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, config *cconf.ConfigParams) {
		grouped := func(group string) *cconf.ConfigParams {
			return config.Override(cconf.NewConfigParamsFromTuples("topic", "retried", "group_id", group))
		}
		first, other := openQueue(t, "first", grouped("a")), openQueue(t, "other", grouped("b"))
		sent := test.Text("once each")
		sent.Headers = map[string]string{"tenant": "7"}
		require.NoError(t, first.Send(t.Context(), "", sent))
		require.NoError(t, other.Complete(t.Context(), test.Receive(t, other, 20*time.Second)))
		require.NoError(t, first.Abandon(t.Context(), test.Receive(t, first, 20*time.Second)))
		began := time.Now()
		require.NoError(t, queues.AbandonDelayed(t.Context(), first, test.Receive(t, first, 20*time.Second), 6*time.Second))
		record := readRecord(t, "retried.a.delayed", []kgo.Opt{brokerOf(config)})
		require.Equal(t, "once each", string(record.Value))
		lag, err := first.Lag(t.Context())
		require.NoError(t, err)
		if first.Mode() == "group" {
			require.Zero(t, lag, "it does not hold the position back")
		}
		require.NoError(t, first.Close(t.Context(), ""))

		second := openQueue(t, "first", grouped("a"))
		test.ReceiveNothing(t, second, 3*time.Second)
		got := test.Receive(t, second, 20*time.Second)
		require.GreaterOrEqual(t, time.Since(began), 6*time.Second)
		require.Equal(t, 3, got.DeliveryCount)
		require.Equal(t, sent.Headers, got.Headers)
		require.NoError(t, second.Complete(t.Context(), got))
		test.ReceiveNothing(t, other, 300*time.Millisecond)
	})
}

func TestDelayedMessagesAreMovedOnceWhoeverIsThere(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, config *cconf.ConfigParams) {
		const total = 2000
		queue := openQueue(t, "crowd", config)
		var seen sync.Map
		var coming sync.WaitGroup
		coming.Add(total)
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			due, err := time.Parse(time.RFC3339Nano, envelope.Headers["due"])
			if _, twice := seen.LoadOrStore(envelope.MessageId, true); twice || err != nil || time.Now().Before(due) {
				t.Errorf("message %s came twice (%t) or early: due %s (%v), now %s", envelope.MessageId, twice, due, err, time.Now())
				return nil
			}
			coming.Done()
			return nil
		}))
		members := []*kafka.KafkaMessageQueue{openQueue(t, "crowd", config), openQueue(t, "crowd", config)}
		for i := range total {
			envelope, delay := test.Text("A"), rand.N(2*time.Second)
			envelope.Headers = map[string]string{"due": time.Now().Add(delay).Format(time.RFC3339Nano)}
			require.NoError(t, queues.SendDelayed(t.Context(), members[i%len(members)], "", envelope, delay))
			if i == total/2 { // which may be the one that moves them
				require.NoError(t, members[0].Close(t.Context(), ""))
				members = members[1:]
			}
		}
		came := make(chan struct{})
		go func() {
			coming.Wait()
			close(came)
		}()
		select {
		case <-came:
		case <-time.After(30 * time.Second):
			t.Error("not all messages came")
		}
		test.ReceiveNothing(t, members[0], 300*time.Millisecond)
	})
}

func TestAProcessThatWasThereBeforeTheTopicMovesWhatOthersDelayed(t *testing.T) {
	t.Parallel()
	config := startBroker(t)
	receiver := openQueue(t, "early", config)
	sender := openQueue(t, "early", config)
	require.NoError(t, queues.SendDelayed(t.Context(), sender, "", test.Text("A"), 2*time.Second))
	require.NoError(t, sender.Close(t.Context(), ""))
	require.Equal(t, "A", test.Receive(t, receiver, 25*time.Second).GetMessageAsString())
}

func TestClearRemovesWhatAnotherProcessWouldMove(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, config *cconf.ConfigParams) {
		mover, other := openQueue(t, "cleared", config), openQueue(t, "cleared", config)
		require.NoError(t, queues.SendDelayed(t.Context(), mover, "", test.Text("first"), time.Millisecond))
		require.NoError(t, mover.Complete(t.Context(), test.Receive(t, mover, 20*time.Second)))
		require.NoError(t, queues.SendDelayed(t.Context(), mover, "", test.Text("gone"), 2*time.Second))
		require.NoError(t, other.Clear(t.Context(), ""))
		require.NoError(t, queues.SendDelayed(t.Context(), other, "", test.Text("after"), 2*time.Second))
		require.Equal(t, "after", test.Receive(t, mover, 20*time.Second).GetMessageAsString())
		test.ReceiveNothing(t, mover, 300*time.Millisecond)
	})
}

func TestWithoutLeaveToMakeTopicsThereIsNoDelayUnlessTheTopicIsThere(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, config *cconf.ConfigParams) {
		connection := kafka.NewKafkaConnection()
		connection.Configure(t.Context(), cconf.NewConfigParamsFromTuples("connection.uri", config.GetAsString("connection.uri")))
		require.NoError(t, connection.Open(t.Context(), ""))
		defer func() { require.NoError(t, connection.Close(context.Background(), "")) }()
		given := config.Override(cconf.NewConfigParamsFromTuples("options.auto_create", false))
		require.NoError(t, connection.CreateQueue("given"))
		queue := openQueue(t, "given", given)
		require.True(t, queue.Capabilities().CanDelay())
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("A"), 10*time.Millisecond))
		require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)))
		require.NoError(t, queue.Close(t.Context(), ""))

		client, err := kgo.NewClient(brokerOf(config))
		require.NoError(t, err)
		defer client.Close()
		_, err = kadm.NewClient(client).DeleteTopics(t.Context(), "given.delayed")
		require.NoError(t, err)
		require.NoError(t, queue.Open(t.Context(), ""))
		require.ErrorIs(t, queues.SendDelayed(t.Context(), queue, "", test.Text("A"), time.Millisecond), queues.ErrNotSupported)
		require.NoError(t, connection.DeleteQueue("given"))
		names, err := connection.ReadQueueNames()
		require.NoError(t, err)
		require.NotContains(t, names, "given.delayed")
	})
}

func TestWithoutTheTopicALongBackOffWaitsInTheProcess(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, config *cconf.ConfigParams) {
		require.NoError(t, openQueue(t, "backoff", config).Close(t.Context(), "")) // which makes the topics of messages and of dead ones
		queue := openQueue(t, "backoff", config.Override(cconf.NewConfigParamsFromTuples("options.auto_create", false, "options.retry_delay", 5500)))
		require.False(t, queue.Capabilities().CanDelay())
		require.NoError(t, queue.Send(t.Context(), "", test.Text("A")))
		deliveries := make(chan int, 10)
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			deliveries <- envelope.DeliveryCount
			if envelope.DeliveryCount == 1 {
				return errors.New("not yet")
			}
			return nil
		}))
		next := func() int {
			select {
			case count := <-deliveries:
				return count
			case <-time.After(20 * time.Second):
				return 0
			}
		}
		require.Equal(t, 1, next())
		failed := time.Now()
		require.Equal(t, 2, next())
		require.Greater(t, time.Since(failed), 5*time.Second)
	})
}

func TestMessagesAreCountedByState(t *testing.T) {
	t.Parallel()
	queue := openQueue(t, "states", inGroup(startBroker(t)))
	count := func() []int64 {
		ready, locked, delayed, err := queue.CountByState(t.Context(), "")
		require.NoError(t, err)
		return []int64{ready, locked, delayed}
	}
	require.Equal(t, []int64{0, -1, 0}, count(), "not a member yet")
	for _, envelope := range test.Numbered(5) {
		require.NoError(t, queue.Send(t.Context(), "", envelope))
	}
	held := test.Receive(t, queue, 20*time.Second)
	require.NoError(t, queues.AbandonDelayed(t.Context(), queue, test.Receive(t, queue, 20*time.Second), time.Minute))
	for range 3 {
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("later"), time.Hour))
	}
	require.Equal(t, []int64{3, 1, 4}, count())
	require.NoError(t, queue.Complete(t.Context(), held))
	require.Equal(t, []int64{3, 0, 4}, count())
	require.NoError(t, queue.Clear(t.Context(), ""))
	require.Equal(t, []int64{0, 0, 0}, count())
}

func TestMoreThanMemoryHoldsIsDelayed(t *testing.T) {
	t.Parallel()
	queue := openQueue(t, "masses", startBroker(t))
	large := &queues.MessageEnvelope{Message: bytes.Repeat([]byte("x"), 1_000_000)}
	for range 90 { // over 64 MiB
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", large, time.Hour))
	}
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("soon"), time.Millisecond))
	// At once, or after the minute's rest.
	require.Equal(t, "soon", test.Receive(t, queue, 100*time.Second).GetMessageAsString())
}

func TestShortDelaysBetweenLongOnesDoNotComeTwice(t *testing.T) {
	t.Parallel()
	const total = 600
	config := startBroker(t)
	queue := openQueue(t, "mixed", config)
	for i := range total {
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("later"), time.Hour))
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text(fmt.Sprint(i)), 200*time.Millisecond))
	}
	seen := map[string]bool{}
	for range total {
		got := test.Receive(t, queue, 20*time.Second)
		require.False(t, seen[got.GetMessageAsString()])
		seen[got.GetMessageAsString()] = true
		require.NoError(t, queue.Complete(t.Context(), got))
	}
	require.NoError(t, queue.Close(t.Context(), ""))
	require.NoError(t, queue.Open(t.Context(), ""))
	require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("last"), 200*time.Millisecond))
	require.Equal(t, "last", test.Receive(t, queue, 20*time.Second).GetMessageAsString(), "what was moved is known, though what is due later came first")
}
