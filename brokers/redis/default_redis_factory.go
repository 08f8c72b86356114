package redis

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
)

// DefaultRedisFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:redis:<name>:1.0
//	pip-services:queue-factory:redis:*:1.0
//	pip-services:connection:redis:*:1.0
//
// Give it to a container with AddFactory.
type DefaultRedisFactory struct {
	*cbuild.Factory
}

// NewDefaultRedisFactory makes the factory.
func NewDefaultRedisFactory() *DefaultRedisFactory {
	c := &DefaultRedisFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind, NewRedisMessageQueue, NewRedisMessageQueueFactory, NewRedisConnection)
	return c
}
