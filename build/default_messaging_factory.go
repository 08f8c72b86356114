package build

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// DefaultMessagingFactory makes the components of this module from their descriptors:
// pip-services:message-queue:memory:<name>:1.0 and pip-services:queue-factory:memory:*:1.0. Give it to
// a container with AddFactory.
type DefaultMessagingFactory struct {
	*cbuild.Factory
}

// NewDefaultMessagingFactory makes the factory.
func NewDefaultMessagingFactory() *DefaultMessagingFactory {
	c := &DefaultMessagingFactory{Factory: cbuild.NewFactory()}
	RegisterKind[*queues.MemoryMessageQueue, *MemoryMessageQueueFactory, any](
		c.Factory, memoryKind, queues.NewMemoryMessageQueue, NewMemoryMessageQueueFactory, nil)
	return c
}
