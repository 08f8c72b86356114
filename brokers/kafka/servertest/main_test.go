package servertest

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

// newQueue makes a closed queue.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(kafka.NewKafkaMessageQueue(name), params)
}

// openQueue opens a queue, which is closed when the test is over.
func openQueue(t testing.TB, name string, params *cconf.ConfigParams) *kafka.KafkaMessageQueue {
	t.Helper()
	return test.Open(t, test.Configured(kafka.NewKafkaMessageQueue(name), params))
}
