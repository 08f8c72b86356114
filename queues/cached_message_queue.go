package queues

import "context"

// CachedMessageQueue is the base of queues whose broker only pushes. Messages wait in a bounded buffer
// (options.prefetch of them, beside those that are locked) until someone receives them. The queue subscribes
// at the first Receive or Listen, or at Open with options.autosubscribe, and stays subscribed until
// Unsubscribe or Close. Messages in the buffer that are not settled when it closes are the broker's
// again; those of an at-most-once broker stay in the buffer until the queue is opened again.
type CachedMessageQueue struct {
	*MessageQueue
	buffer *bufferStorage
}

// InheritCachedMessageQueue makes the base of a queue over a storage that pushes. overrides is the
// queue itself; nil for the base alone.
func InheritCachedMessageQueue(overrides IMessageQueueOverrides, name string, storage PushStorage) *CachedMessageQueue {
	buffer := newBufferStorage(storage)
	return &CachedMessageQueue{MessageQueue: InheritMessageQueueWithStorage(overrides, name, buffer.asStorage()), buffer: buffer}
}

// Subscribe has the broker push messages from now on; a no-op if it does already.
func (c *CachedMessageQueue) Subscribe(ctx context.Context, correlationId string) error {
	return c.ask(ctx, correlationId, "subscribing", c.buffer.subscribe)
}

// Unsubscribe stops the pushing; a no-op if there is none. What is in the buffer can still be
// received. The next Receive that finds the buffer empty, and a listener, subscribe again.
func (c *CachedMessageQueue) Unsubscribe(ctx context.Context, correlationId string) error {
	return c.ask(ctx, correlationId, "unsubscribing", c.buffer.unsubscribe)
}

// ask asks the broker for something. Close ends that, and waits for it.
func (c *CachedMessageQueue) ask(ctx context.Context, correlationId, doing string, do func(ctx context.Context) error) error {
	ctx = orBackground(ctx)
	if err := c.checkOpen(correlationId, false); err != nil {
		return err
	}
	s := c.session.Load()
	if !s.calls.enter() {
		return c.closedMeanwhile(correlationId)
	}
	defer s.calls.leave()
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ending, cancel)()
	err := do(within)
	if err != nil && ctx.Err() == nil && s.ending.Err() != nil {
		return c.closedMeanwhile(correlationId)
	}
	return c.fail(ctx, correlationId, doing, err)
}
