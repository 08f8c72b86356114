package build

import (
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// RegisterKind makes a factory answer to the descriptors of a kind of queue:
// pip-services:message-queue:<kind>:<name>:1.0, pip-services:queue-factory:<kind>:*:1.0 and
// pip-services:connection:<kind>:*:1.0, with what the constructors make. A nil newConnection stands for a kind
// without such a component.
func RegisterKind[Queue queues.IMessageQueue, QueueFactory IMessageQueueFactory, Connection any](factory *cbuild.Factory, kind string,
	newQueue func(name string) Queue, newFactory func() QueueFactory, newConnection func() Connection,
) {
	factory.Register(queueDescriptor(kind), func(locator any) any { return newQueue(nameIn(locator)) })
	factory.Register(descriptorOf(config.ComponentFactory, kind), func(any) any { return newFactory() })
	if newConnection != nil {
		factory.Register(descriptorOf(config.ComponentConnection, kind), func(any) any { return newConnection() })
	}
}

// DescribeKind describes what RegisterKind registers for a kind of queue, given the description of the
// queue and a sample of it, whose capabilities are read. title names the broker in help texts. An empty
// connectionOptions stands for a kind without a connection component.
func DescribeKind(sample queues.IMessageQueue, queue config.Component, title string, connectionOptions config.Set) []config.Component {
	queue.Type = config.ComponentQueue
	queue = Describe(sample, queue)
	factory := queue
	factory.Type = config.ComponentFactory
	factory.Help = "Makes queues in " + title + " by name. They get the configuration of the factory."
	factory.Options = queue.Options.Without(config.QueueName)
	components := []config.Component{queue, factory}
	if len(connectionOptions.Keys()) > 0 {
		connection := queue
		connection.Type = config.ComponentConnection
		connection.Help = "A connection to " + title + " that several queues share."
		connection.Options = connectionOptions
		connection.Capabilities = nil
		components = append(components, connection)
	}
	return components
}

// descriptorOf matches every component of a type and kind.
func descriptorOf(componentType, kind string) *cref.Descriptor {
	return cref.NewDescriptor(config.Group, componentType, kind, "*", "1.0")
}
