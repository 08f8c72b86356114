package kafka

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// DefaultKafkaFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:kafka:<name>:1.0
//	pip-services:queue-factory:kafka:*:1.0
//	pip-services:connection:kafka:*:1.0
//
// Give it to a container with AddFactory.
type DefaultKafkaFactory struct {
	*cbuild.Factory
}

// NewDefaultKafkaFactory makes the factory.
func NewDefaultKafkaFactory() *DefaultKafkaFactory {
	c := &DefaultKafkaFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind,
		func(name string) queues.IMessageQueue { return NewKafkaMessageQueue(name) },
		func() any { return NewKafkaMessageQueueFactory() },
		func() any { return NewKafkaConnection() })
	return c
}
