package servertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	queue := kafka.NewKafkaMessageQueue(name)
	queue.Configure(context.Background(), params)
	return queue
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *kafka.KafkaMessageQueue {
	t.Helper()
	queue := kafka.NewKafkaMessageQueue(name)
	queue.Configure(t.Context(), params)
	require.NoError(t, queue.Open(t.Context(), "test"))
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background(), "test")) })
	return queue
}

func text(value string) *queues.MessageEnvelope {
	return queues.NewMessageEnvelope("test", "text", []byte(value))
}

func numbered(count int) []*queues.MessageEnvelope {
	envelopes := make([]*queues.MessageEnvelope, count)
	for i := range envelopes {
		envelopes[i] = text(fmt.Sprint(i))
	}
	return envelopes
}

// receive receives the next message, which must come within wait.
func receive(t testing.TB, queue queues.IMessageQueue, wait time.Duration) *queues.MessageEnvelope {
	t.Helper()
	envelope, err := queue.Receive(t.Context(), "test", wait)
	require.NoError(t, err)
	require.NotNil(t, envelope, "no message within %s", wait)
	return envelope
}
