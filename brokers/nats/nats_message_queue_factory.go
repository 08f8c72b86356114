package nats

import "github.com/pip-services3-gox/pip-services3-messaging-gox/build"

// Kinds in the descriptors of this module.
const (
	kind     = "nats"
	bareKind = "bare-nats"
)

// NatsMessageQueueFactory makes queues in JetStream, by name or by the descriptor
// pip-services:message-queue:nats:<name>:1.0.
type NatsMessageQueueFactory struct {
	*build.KindFactory
}

// NewNatsMessageQueueFactory makes a factory without configuration and references.
func NewNatsMessageQueueFactory() *NatsMessageQueueFactory {
	return &NatsMessageQueueFactory{build.NewKindFactory(kind, NewNatsMessageQueue)}
}
