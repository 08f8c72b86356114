package servertest

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
)

func TestMain(m *testing.M) {
	faults.Consume(newQueue) // in a process that a fault test has started
	goleak.VerifyTestMain(m)
}

func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(nats.NewNatsMessageQueue(name), params)
}

func newBareQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	return test.Configured(nats.NewBareNatsMessageQueue(name), params)
}
