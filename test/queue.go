package test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// correlationId is that of everything that the functions here send and do.
const correlationId = "test"

// Open opens a queue, which is closed when the test is over.
func Open[Q queues.IMessageQueue](t testing.TB, queue Q) Q {
	t.Helper()
	if err := queue.Open(t.Context(), correlationId); err != nil {
		t.Fatalf("opening queue %s: %v", queue.Name(), err)
	}
	t.Cleanup(func() {
		if err := queue.Close(context.Background(), correlationId); err != nil {
			t.Errorf("closing queue %s: %v", queue.Name(), err)
		}
	})
	return queue
}

// With is params with settings, keys and values in turn, over them.
func With(params *cconf.ConfigParams, settings ...any) *cconf.ConfigParams {
	return params.Override(cconf.NewConfigParamsFromTuples(settings...))
}

// Text makes a message of type "text" with value as its payload.
func Text(value string) *queues.MessageEnvelope {
	return queues.NewMessageEnvelope(correlationId, "text", []byte(value))
}

// Numbered makes messages with "0", "1", … as their payloads.
func Numbered(count int) []*queues.MessageEnvelope {
	envelopes := make([]*queues.MessageEnvelope, count)
	for i := range envelopes {
		envelopes[i] = Text(strconv.Itoa(i))
	}
	return envelopes
}

// Receive receives the next message, which must come within wait.
func Receive(t testing.TB, queue queues.IMessageQueue, wait time.Duration) *queues.MessageEnvelope {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), correlationId, wait)
	if err != nil {
		t.Fatalf("receiving from queue %s: %v", queue.Name(), err)
	}
	if envelope == nil {
		t.Fatalf("no message from queue %s within %s", queue.Name(), wait)
	}
	return envelope
}

// ReceiveText receives the next message, completes it, and returns its payload.
func ReceiveText(t testing.TB, queue queues.IMessageQueue, wait time.Duration) string {
	t.Helper()
	envelope := Receive(t, queue, wait)
	if err := queue.Complete(t.Context(), envelope); err != nil {
		t.Fatalf("completing a message of queue %s: %v", queue.Name(), err)
	}
	return envelope.GetMessageAsString()
}

// ReceiveNothing makes sure that no message comes within wait.
func ReceiveNothing(t testing.TB, queue queues.IMessageQueue, wait time.Duration) {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), correlationId, wait)
	if err != nil {
		t.Fatalf("receiving from queue %s: %v", queue.Name(), err)
	}
	if envelope != nil {
		t.Fatalf("an unexpected message from queue %s: %s", queue.Name(), envelope.MessageId)
	}
}

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
