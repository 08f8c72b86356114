package test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Work has a listener work on count messages at a time, which options.listen_concurrency must allow and which must come
// within wait. They are worked on until finish is called. received counts what the listener has got, also after that.
func Work(t testing.TB, queue queues.IMessageQueue, count int, wait time.Duration) (finish func(), received *atomic.Int64) {
	t.Helper()
	received = new(atomic.Int64)
	all, finished := make(chan struct{}), make(chan struct{})
	queue.BeginListen(t.Context(), correlationId, queues.NewCallbackMessageReceiver(
		func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
			if received.Add(1) == int64(count) {
				close(all)
			}
			<-finished
			return nil
		}))
	finish = sync.OnceFunc(func() { close(finished) })
	t.Cleanup(finish)
	select {
	case <-all:
	case <-time.After(wait):
		t.Fatalf("%d of %d messages of queue %s were in work within %s", received.Load(), count, queue.Name(), wait)
	}
	return finish, received
}

// ResumeAfter makes sure that an open queue sends, and a listener of it receives, again after each interruption, such as
// a restart of the server. Sends may fail for wait, and a message may take as long to come.
func ResumeAfter(t testing.TB, queue queues.IMessageQueue, wait time.Duration, interruptions ...func() error) {
	t.Helper()
	received := make(chan string, 10)
	queue.BeginListen(t.Context(), correlationId, queues.NewCallbackMessageReceiver(
		func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			received <- envelope.GetMessageAsString()
			return nil
		}))
	defer queue.EndListen(context.WithoutCancel(t.Context()), correlationId)
	for i := range len(interruptions) + 1 {
		if i == 0 {
			sendWithin(t, queue, "0", 0)
		} else if err := interruptions[i-1](); err != nil {
			t.Fatalf("interruption %d: %v", i, err)
		} else {
			sendWithin(t, queue, strconv.Itoa(i), wait)
		}
		select {
		case text := <-received:
			if text != strconv.Itoa(i) {
				t.Fatalf("message %s came after interruption %d, and should be message %d", text, i, i)
			}
		case <-time.After(wait):
			t.Fatalf("the listener of queue %s has not got a message within %s of interruption %d", queue.Name(), wait, i)
		}
	}
}

// sendWithin sends until it is acknowledged, which must be within wait; 0: at once.
func sendWithin(t testing.TB, queue queues.IMessageQueue, text string, wait time.Duration) {
	t.Helper()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for deadline := time.Now().Add(wait); ; <-ticker.C {
		err := queue.Send(t.Context(), correlationId, Text(text))
		if err == nil {
			return
		}
		if !time.Now().Before(deadline) {
			t.Fatalf("sending to queue %s fails after %s still: %v", queue.Name(), wait, err)
		}
	}
}
