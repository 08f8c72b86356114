package mqtt

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// kind is the kind in the descriptors of this module.
const kind = "mqtt"

// MqttMessageQueueFactory makes queues on an MQTT server, by name or by the descriptor
// pip-services:message-queue:mqtt:<name>:1.0.
type MqttMessageQueueFactory struct {
	*build.MessageQueueFactory
}

var _ build.IMessageQueueFactory = (*MqttMessageQueueFactory)(nil)

// NewMqttMessageQueueFactory makes a factory without configuration and references.
func NewMqttMessageQueueFactory() *MqttMessageQueueFactory {
	c := &MqttMessageQueueFactory{MessageQueueFactory: build.InheritMessageQueueFactory()}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See
// build.IMessageQueueFactory.
func (c *MqttMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := NewMqttMessageQueue(name)
	c.Prepare(queue)
	return queue
}
