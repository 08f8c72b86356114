package build

import (
	"context"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// MessageQueueFactory is the base of queue factories: it keeps the configuration and the references
// that the queues get, and the descriptors that it answers to.
type MessageQueueFactory struct {
	*cbuild.Factory
	Config     *cconf.ConfigParams // nil before Configure
	References cref.IReferences    // nil before SetReferences
}

// InheritMessageQueueFactory makes the base of a factory.
func InheritMessageQueueFactory() *MessageQueueFactory {
	return &MessageQueueFactory{Factory: cbuild.NewFactory()}
}

// Configure sets the configuration that the queues get.
func (c *MessageQueueFactory) Configure(ctx context.Context, config *cconf.ConfigParams) {
	c.Config = config
}

// SetReferences sets the references that the queues get.
func (c *MessageQueueFactory) SetReferences(ctx context.Context, references cref.IReferences) {
	c.References = references
}

// RegisterQueues makes the factory answer to the descriptors pip-services:message-queue:<kind>:<name>:1.0
// with a queue of that name from create.
func (c *MessageQueueFactory) RegisterQueues(kind string, create func(name string) queues.IMessageQueue) {
	c.Register(queueDescriptor(kind), func(locator any) any { return create(nameIn(locator)) })
}

// namingKeys are the keys of a configuration that name the component it belongs to.
var namingKeys = [...]string{config.Name, config.QueueName, "id", "descriptor"}

// Prepare gives a queue that the factory has made its configuration and its references. Whatever the
// factory itself is called, the queue keeps the name that was asked for.
func (c *MessageQueueFactory) Prepare(queue queues.IMessageQueue) {
	ctx := context.Background()
	if configurable, ok := queue.(cconf.IConfigurable); ok && c.Config != nil {
		params := cconf.NewConfigParams(c.Config.Value())
		for _, key := range namingKeys {
			params.Remove(key)
		}
		configurable.Configure(ctx, params)
	}
	if referenceable, ok := queue.(cref.IReferenceable); ok && c.References != nil {
		referenceable.SetReferences(ctx, c.References)
	}
}

// queueDescriptor matches every queue of a kind.
func queueDescriptor(kind string) *cref.Descriptor {
	return descriptorOf(config.ComponentQueue, kind)
}

// nameIn returns the name in a descriptor; "" for any other locator.
func nameIn(locator any) string {
	if descriptor, ok := locator.(*cref.Descriptor); ok && descriptor != nil {
		return descriptor.Name()
	}
	return ""
}
