package queues

import "context"

// CallbackMessageReceiver is an IMessageReceiver made of a function.
type CallbackMessageReceiver struct {
	Callback func(ctx context.Context, envelope *MessageEnvelope, queue IMessageQueue) error
}

var _ IMessageReceiver = (*CallbackMessageReceiver)(nil)

// NewCallbackMessageReceiver makes a receiver that calls callback for every message.
func NewCallbackMessageReceiver(callback func(ctx context.Context, envelope *MessageEnvelope, queue IMessageQueue) error) *CallbackMessageReceiver {
	return &CallbackMessageReceiver{Callback: callback}
}

// ReceiveMessage calls the callback. Without one the message cannot be handled: a permanent error.
func (c *CallbackMessageReceiver) ReceiveMessage(ctx context.Context, envelope *MessageEnvelope, queue IMessageQueue) error {
	if c == nil || c.Callback == nil {
		return NewPermanentError(newError(ErrBadMessage, queueName(queue), "", "the receiver has no callback", nil))
	}
	return c.Callback(ctx, envelope, queue)
}

func queueName(queue IMessageQueue) string {
	if queue == nil {
		return ""
	}
	return queue.Name()
}
