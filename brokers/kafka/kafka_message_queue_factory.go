package kafka

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// kind is the kind in the descriptors of this module.
const kind = "kafka"

// KafkaMessageQueueFactory makes queues in Kafka, by name or by the descriptor
// pip-services:message-queue:kafka:<name>:1.0.
type KafkaMessageQueueFactory struct {
	*build.KindFactory
}

// NewKafkaMessageQueueFactory makes a factory without configuration and references.
func NewKafkaMessageQueueFactory() *KafkaMessageQueueFactory {
	return &KafkaMessageQueueFactory{build.NewKindFactory(kind, NewKafkaMessageQueue)}
}
