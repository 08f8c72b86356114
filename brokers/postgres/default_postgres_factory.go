package postgres

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
)

// DefaultPostgresFactory makes the components of this module from their descriptors:
//
//	pip-services:message-queue:postgres:<name>:1.0
//	pip-services:queue-factory:postgres:*:1.0
//	pip-services:connection:postgres:*:1.0
//
// Give it to a container with AddFactory.
type DefaultPostgresFactory struct {
	*cbuild.Factory
}

// NewDefaultPostgresFactory makes the factory.
func NewDefaultPostgresFactory() *DefaultPostgresFactory {
	c := &DefaultPostgresFactory{Factory: cbuild.NewFactory()}
	build.RegisterKind(c.Factory, kind, NewPostgresMessageQueue, NewPostgresMessageQueueFactory, NewPostgresConnection)
	return c
}
