package rabbitmq

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
)

// DefaultRabbitMQFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:rabbitmq:<name>:1.0
//	pip-services:queue-factory:rabbitmq:*:1.0
//	pip-services:connection:rabbitmq:*:1.0
//
// Give it to a container with AddFactory.
type DefaultRabbitMQFactory struct {
	*cbuild.Factory
}

// NewDefaultRabbitMQFactory makes the factory.
func NewDefaultRabbitMQFactory() *DefaultRabbitMQFactory {
	c := &DefaultRabbitMQFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind, NewRabbitMQMessageQueue, NewRabbitMQMessageQueueFactory, NewRabbitMQConnection)
	return c
}
