package mqtt

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// kind is the kind in the descriptors of this module.
const kind = "mqtt"

// MqttMessageQueueFactory makes queues on an MQTT server, by name or by the descriptor
// pip-services:message-queue:mqtt:<name>:1.0.
type MqttMessageQueueFactory struct {
	*build.KindFactory
}

// NewMqttMessageQueueFactory makes a factory without configuration and references.
func NewMqttMessageQueueFactory() *MqttMessageQueueFactory {
	return &MqttMessageQueueFactory{build.NewKindFactory(kind, NewMqttMessageQueue)}
}
