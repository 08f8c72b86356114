package test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// correlationId is that of everything that the functions here send and do.
const correlationId = "test"

// pollInterval is how often what a server must come to is looked for.
const pollInterval = 10 * time.Millisecond

// Configurable is a queue that takes a configuration, as all of this repository do.
type Configurable interface {
	queues.IMessageQueue
	cconf.IConfigurable
}

// Configured is queue, after it was configured with params.
func Configured[Q Configurable](queue Q, params *cconf.ConfigParams) Q {
	queue.Configure(context.Background(), params)
	return queue
}

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

// Refused opens a queue that must not open, and returns the error. It must come within limit, be sentinel, and name the
// queue and every text: what is wrong, and what to set. The queue stays closed, and closing it does no harm.
func Refused(t testing.TB, queue queues.IMessageQueue, limit time.Duration, sentinel error, texts ...string) error {
	t.Helper()
	began := time.Now()
	err := queue.Open(t.Context(), correlationId)
	if took := time.Since(began); took >= limit {
		t.Errorf("opening queue %s took %s, more than %s", queue.Name(), took, limit)
	}
	if !errors.Is(err, sentinel) {
		t.Fatalf("opening queue %s returns %v, which is not %v", queue.Name(), err, sentinel)
	}
	for _, text := range append([]string{"queue " + queue.Name()}, texts...) {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
	if queue.IsOpen() {
		t.Errorf("queue %s is open in spite of the error", queue.Name())
	}
	if err := queue.Close(t.Context(), correlationId); err != nil {
		t.Errorf("closing queue %s, which has not opened: %v", queue.Name(), err)
	}
	return err
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
