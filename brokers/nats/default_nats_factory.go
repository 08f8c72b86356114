package nats

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
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
	build.RegisterKind(c.Factory, kind, NewNatsMessageQueue, NewNatsMessageQueueFactory, NewNatsConnection)
	bare := build.MessageQueueFactory{Factory: c.Factory}
	bare.RegisterQueues(bareKind, func(name string) queues.IMessageQueue { return NewBareNatsMessageQueue(name) })
	return c
}
