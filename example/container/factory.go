package main

import (
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"
)

// newExampleFactory makes the components of this example from their descriptors. They write what they
// do into the journal.
func newExampleFactory(journal *journal) *cbuild.Factory {
	factory := cbuild.NewFactory()
	factory.Register(
		cref.NewDescriptor("pip-services-example", "worker", "mover", "*", "1.0"),
		func(locator any) any { return NewMover(journal) },
	)
	return factory
}
