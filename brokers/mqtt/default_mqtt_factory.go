package mqtt

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
)

// DefaultMqttFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:mqtt:<name>:1.0
//	pip-services:queue-factory:mqtt:*:1.0
//	pip-services:connection:mqtt:*:1.0
//
// Give it to a container with AddFactory.
type DefaultMqttFactory struct {
	*cbuild.Factory
}

// NewDefaultMqttFactory makes the factory.
func NewDefaultMqttFactory() *DefaultMqttFactory {
	c := &DefaultMqttFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind, NewMqttMessageQueue, NewMqttMessageQueueFactory, NewMqttConnection)
	return c
}
