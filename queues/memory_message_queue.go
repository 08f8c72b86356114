package queues

// MemoryMessageQueue is a queue in the memory of this process, for development, tests and hand-over
// inside a service. It keeps the whole contract, as the brokers do, but for one thing: messages do not
// outlive the process. They do outlive Close: a queue that is opened again has them still.
//
// Configuration parameters: name, queue and options.* (see docs/options.md). References, all
// optional: *:logger, *:counters, *:tracer, and *:message-queue for options.dead_letter_queue.
type MemoryMessageQueue struct {
	*MessageQueue
}

var _ IMessageQueueOverrides = (*MemoryMessageQueue)(nil)

// NewMemoryMessageQueue makes a closed queue of that name.
func NewMemoryMessageQueue(name string) *MemoryMessageQueue {
	c := &MemoryMessageQueue{}
	c.MessageQueue = InheritMessageQueueWithStorage(c, name, newMemoryStorage())
	return c
}
