package servertest

import (
	"context"
	"testing"

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
