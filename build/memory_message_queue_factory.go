package build

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// memoryKind is the kind in the descriptors of queues in memory.
const memoryKind = "memory"

// MemoryMessageQueueFactory makes queues in memory, by name or by the descriptor
// pip-services:message-queue:memory:<name>:1.0. It embeds what 1.0 embedded; other kinds have KindFactory.
type MemoryMessageQueueFactory struct {
	*MessageQueueFactory
}

var _ IMessageQueueFactory = (*MemoryMessageQueueFactory)(nil)

// NewMemoryMessageQueueFactory makes a factory without configuration and references.
func NewMemoryMessageQueueFactory() *MemoryMessageQueueFactory {
	c := &MemoryMessageQueueFactory{MessageQueueFactory: InheritMessageQueueFactory()}
	c.RegisterQueues(memoryKind, c.CreateQueue)
	return c
}

// CreateQueue makes a queue in memory. See IMessageQueueFactory.
func (c *MemoryMessageQueueFactory) CreateQueue(name string) queues.IMessageQueue {
	queue := queues.NewMemoryMessageQueue(name)
	c.Prepare(queue)
	return queue
}
