package test_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// hand gives the receiver messages of these types, as a queue would.
func hand(receiver queues.IMessageReceiver, types ...string) error {
	var failures []error
	for _, kind := range types {
		envelope := queues.NewMessageEnvelope("", kind, nil)
		failures = append(failures, receiver.ReceiveMessage(context.Background(), envelope, nil))
	}
	return errors.Join(failures...)
}

func types(envelopes []*queues.MessageEnvelope) (found []string) {
	for _, envelope := range envelopes {
		found = append(found, envelope.MessageType)
	}
	return found
}

func TestReceiverRemembersMessages(t *testing.T) {
	t.Parallel()
	var receiver test.TestMessageReceiver // the zero value works
	require.Zero(t, receiver.GetMessageCount())
	require.Empty(t, receiver.GetMessages())

	require.NoError(t, hand(&receiver, "A", "B"))
	require.Equal(t, 2, receiver.GetMessageCount())
	require.Equal(t, []string{"A", "B"}, types(receiver.GetMessages()))

	list := receiver.GetMessages()
	list[0] = nil
	require.NotNil(t, receiver.GetMessages()[0], "the list is the caller's own")

	receiver.Clear()
	require.Zero(t, receiver.GetMessageCount())
}

func TestReceiverFailsAsTold(t *testing.T) {
	t.Parallel()
	once, always := errors.New("once"), errors.New("always")
	receiver := test.NewTestMessageReceiver()
	receiver.FailWith(always)
	receiver.FailNext(2, once)
	require.Equal(t, once, receiver.ReceiveMessage(context.Background(), queues.NewEmptyMessageEnvelope(), nil))
	require.Equal(t, once, receiver.ReceiveMessage(context.Background(), queues.NewEmptyMessageEnvelope(), nil))
	require.Equal(t, always, receiver.ReceiveMessage(context.Background(), queues.NewEmptyMessageEnvelope(), nil))
	receiver.FailWith(nil)
	require.NoError(t, hand(receiver, "A"))
	require.Equal(t, 4, receiver.GetMessageCount(), "failed messages are remembered too")
}

func TestWaitForMessages(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T, receiver *test.TestMessageReceiver){
		"returns at once when they are there": func(t *testing.T, receiver *test.TestMessageReceiver) {
			require.NoError(t, hand(receiver, "A", "B"))
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			came, err := receiver.WaitForMessages(ended, 1)
			require.NoError(t, err)
			require.Equal(t, []string{"A", "B"}, types(came))
			_, err = receiver.WaitForMessages(ended, 0)
			require.NoError(t, err)
		},
		"returns when the last one comes": func(t *testing.T, receiver *test.TestMessageReceiver) {
			go func() {
				_ = hand(receiver, "A")
				time.Sleep(time.Hour)
				_ = hand(receiver, "B")
			}()
			began := time.Now()
			var none context.Context
			came, err := receiver.WaitForMessages(none, 2)
			require.NoError(t, err)
			require.Equal(t, []string{"A", "B"}, types(came))
			require.Equal(t, time.Hour, time.Since(began))
		},
		"says how many came when ctx ends": func(t *testing.T, receiver *test.TestMessageReceiver) {
			require.NoError(t, hand(receiver, "A"))
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			came, err := receiver.WaitForMessages(ctx, 3)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualError(t, err, "1 of 3 messages came: context deadline exceeded")
			require.Equal(t, []string{"A"}, types(came))
			require.NoError(t, hand(receiver, "B", "C"), "nobody waits any more")
		},
		"lets several wait for different numbers": func(t *testing.T, receiver *test.TestMessageReceiver) {
			var waiting sync.WaitGroup
			counts := make([]int, 4)
			for i := range counts {
				waiting.Go(func() {
					came, _ := receiver.WaitForMessages(context.Background(), i)
					counts[i] = len(came)
				})
			}
			for range counts {
				synctest.Wait()
				_ = hand(receiver, "A")
			}
			waiting.Wait()
			require.Equal(t, []int{0, 1, 2, 3}, counts)
		},
		"counts from the start after Clear": func(t *testing.T, receiver *test.TestMessageReceiver) {
			_ = hand(receiver, "A")
			came := make(chan []*queues.MessageEnvelope)
			go func() {
				list, _ := receiver.WaitForMessages(context.Background(), 2)
				came <- list
			}()
			synctest.Wait()
			receiver.Clear()
			_ = hand(receiver, "B", "C")
			require.Equal(t, []string{"B", "C"}, types(<-came))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { run(t, test.NewTestMessageReceiver()) })
		})
	}
}

func TestReceiverIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	receiver := test.NewTestMessageReceiver()
	var hands sync.WaitGroup
	for range 8 {
		hands.Go(func() {
			_ = hand(receiver, "A", "B", "C")
			receiver.FailNext(1, errors.New("once"))
			receiver.FailWith(nil)
			receiver.GetMessages()
		})
	}
	came, err := receiver.WaitForMessages(context.Background(), 24)
	require.NoError(t, err)
	require.Len(t, came, 24)
	hands.Wait()
}

func ExampleTestMessageReceiver() {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("orders")
	_ = queue.Open(ctx, "")
	defer queue.Close(ctx, "")

	receiver := test.NewTestMessageReceiver()
	queue.BeginListen(ctx, "", receiver)
	_ = queue.Send(ctx, "", queues.NewMessageEnvelope("123", "Order", []byte("3 apples")))

	within, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	messages, err := receiver.WaitForMessages(within, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(messages[0].MessageType, messages[0].GetMessageAsString())
	// Output: Order 3 apples
}

func TestListOfMessagesIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		receiver := test.NewTestMessageReceiver()
		waited := make(chan []*queues.MessageEnvelope, 1)
		go func() {
			came, _ := receiver.WaitForMessages(t.Context(), 3)
			waited <- came
		}()
		synctest.Wait()
		require.NoError(t, hand(receiver, "a", "b", "c"))
		came := <-waited
		came[0] = nil
		require.Equal(t, []string{"a", "b", "c"}, types(receiver.GetMessages()))
	})
}
