package kafka

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
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
	build.RegisterKind(c.Factory, kind, NewKafkaMessageQueue, NewKafkaMessageQueueFactory, NewKafkaConnection)
	return c
}
