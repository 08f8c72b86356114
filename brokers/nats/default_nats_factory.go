package nats

import (
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// DefaultNatsFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:nats:<name>:1.0
//	pip-services:message-queue:bare-nats:<name>:1.0
//	pip-services:queue-factory:nats:*:1.0
//	pip-services:connection:nats:*:1.0
//
// Give it to a container with AddFactory.
type DefaultNatsFactory struct {
	*cbuild.Factory
}

// NewDefaultNatsFactory makes the factory.
func NewDefaultNatsFactory() *DefaultNatsFactory {
	c := &DefaultNatsFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind,
		func(name string) queues.IMessageQueue { return NewNatsMessageQueue(name) },
		func() any { return NewNatsMessageQueueFactory() },
		func() any { return NewNatsConnection() })
	c.Register(cref.NewDescriptor(config.Group, config.ComponentQueue, bareKind, "*", "1.0"), func(locator any) any {
		name := ""
		if descriptor, ok := locator.(*cref.Descriptor); ok {
			name = descriptor.Name()
		}
		return NewBareNatsMessageQueue(name)
	})
	return c
}
