package build

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// KindFactory is the queue factory of a kind of queue, for adapters to embed: it makes queues by name or by descriptor,
// and gives them its configuration and its references.
type KindFactory struct {
	*MessageQueueFactory
	newQueue func(name string) queues.IMessageQueue
}

var _ IMessageQueueFactory = (*KindFactory)(nil)

// NewKindFactory makes a factory without configuration and references, which answers to the descriptors
// pip-services:message-queue:<kind>:<name>:1.0. newQueue makes a closed queue of that name.
func NewKindFactory[Q queues.IMessageQueue](kind string, newQueue func(name string) Q) *KindFactory {
	c := &KindFactory{
		MessageQueueFactory: InheritMessageQueueFactory(),
		newQueue:            func(name string) queues.IMessageQueue { return newQueue(name) },
	}
	c.RegisterQueues(kind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue with the configuration and the references of the factory. See IMessageQueueFactory.
func (c *KindFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := c.newQueue(name)
	c.Prepare(queue)
	return queue
}
