package test

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// TestMessageReceiver is a receiver for tests. It remembers the messages it is handed, lets a test wait
// for them without polling, and fails when told to. The zero value is ready to use; it is safe for
// concurrent use.
type TestMessageReceiver struct {
	mu       sync.Mutex
	messages []*queues.MessageEnvelope
	waiting  map[*messageWait]struct{}
	failure  error // of every message, nil: none
	failNext int   // messages that fail with nextErr first
	nextErr  error
}

// messageWait is one WaitForMessages.
type messageWait struct {
	count int
	there chan struct{} // closed when so many messages have come
	came  []*queues.MessageEnvelope
}

var _ queues.IMessageReceiver = (*TestMessageReceiver)(nil)

// NewTestMessageReceiver makes a receiver that succeeds.
func NewTestMessageReceiver() *TestMessageReceiver { return &TestMessageReceiver{} }

// ReceiveMessage remembers the message, and returns what FailNext and FailWith have scripted, else nil.
// A message that fails is remembered too, each time it comes.
func (c *TestMessageReceiver) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, envelope)
	for wait := range c.waiting {
		if len(c.messages) >= wait.count {
			wait.came = slices.Clone(c.messages)
			close(wait.there)
			delete(c.waiting, wait)
		}
	}
	if c.failNext > 0 {
		c.failNext--
		return c.nextErr
	}
	return c.failure
}

// GetMessages returns the messages that have come since the beginning or the last Clear, in the order
// they came. The list is the caller's, the envelopes are those that were received: settle them if the
// queue has options.auto_complete off.
func (c *TestMessageReceiver) GetMessages() []*queues.MessageEnvelope {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages)
}

// GetMessageCount returns how many messages have come since the beginning or the last Clear.
func (c *TestMessageReceiver) GetMessageCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.messages)
}

// Clear forgets the messages that have come. What is scripted stays, and so do those who wait: they
// count from the start again.
func (c *TestMessageReceiver) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = nil
}

// WaitForMessages returns the messages that have come as soon as there are at least n of them. When ctx
// ends before, it returns those that have come, and an error that says how many and wraps ctx.Err().
// A message counts when the receiver gets it; the queue settles it a moment later.
func (c *TestMessageReceiver) WaitForMessages(ctx context.Context, n int) ([]*queues.MessageEnvelope, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	wait := c.expect(n)
	if wait == nil {
		return c.GetMessages(), nil
	}
	select {
	case <-wait.there:
		return wait.came, nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, waiting := c.waiting[wait]; !waiting {
		return wait.came, nil
	}
	delete(c.waiting, wait)
	came := slices.Clone(c.messages)
	return came, fmt.Errorf("%d of %d messages came: %w", len(came), n, ctx.Err())
}

// expect notes that somebody waits for n messages; nil if they are there.
func (c *TestMessageReceiver) expect(n int) *messageWait {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.messages) >= n {
		return nil
	}
	wait := &messageWait{count: n, there: make(chan struct{})}
	if c.waiting == nil {
		c.waiting = map[*messageWait]struct{}{}
	}
	c.waiting[wait] = struct{}{}
	return wait
}

// FailWith makes every message from now on fail with err; nil makes them succeed again.
func (c *TestMessageReceiver) FailWith(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
}

// FailNext makes the next n messages fail with err, before FailWith counts again.
func (c *TestMessageReceiver) FailNext(n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failNext, c.nextErr = n, err
}
