package test

import (
	"context"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
)

// Over is queue, configured with settings, keys and values in turn, and to share a connection component of a kind: the
// component pip-services:connection:<kind>:default:1.0 of its container.
func Over[Q interface {
	Configurable
	cref.IReferenceable
}](connection any, kind string, queue Q, settings ...any,
) Q {
	ctx, descriptor := context.Background(), cref.NewDescriptor("pip-services", "connection", kind, "default", "1.0")
	params := cconf.NewConfigParamsFromTuples("dependencies.connection", descriptor.String())
	queue.SetReferences(ctx, cref.NewReferencesFromTuples(ctx, descriptor, connection))
	return Configured(queue, With(params, settings...))
}
