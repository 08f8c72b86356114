package test

import (
	"reflect"
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// CheckFactory makes sure that a factory makes every component of a kind from its descriptor, and names queues as asked for.
// want has for each component one of its type.
func CheckFactory(t testing.TB, factory cbuild.IFactory, components []config.Component, want ...any) {
	t.Helper()
	if len(components) != len(want) {
		t.Fatalf("%d components are described, and should be %d: %v", len(components), len(want), components)
	}
	for i, component := range components {
		descriptor, err := cref.ParseDescriptorFromString(component.Descriptor("orders"))
		if err != nil {
			t.Fatalf("the descriptor of %s: %v", component, err)
		}
		if factory.CanCreate(descriptor) == nil {
			t.Errorf("the factory says that it cannot make %s", descriptor)
		}
		made, err := factory.Create(descriptor)
		if err != nil {
			t.Fatalf("making %s: %v", descriptor, err)
		}
		if got, want := reflect.TypeOf(made), reflect.TypeOf(want[i]); got != want {
			t.Errorf("%s is a %s, and should be a %s", descriptor, got, want)
		}
		queue, isQueue := made.(queues.IMessageQueue)
		if queueFactory, ok := made.(build.IMessageQueueFactory); ok {
			queue, isQueue = queueFactory.CreateQueue("orders"), true
		}
		if isQueue && queue.Name() != "orders" {
			t.Errorf("the queue of %s is named %q", descriptor, queue.Name())
		}
	}
}
