package queues

import "context"

// IMessageReceiver is handed the messages of a queue it listens to.
type IMessageReceiver interface {
	// ReceiveMessage works on one message. The outcome settles it, unless the receiver has settled it
	// itself: nil completes it, an error or a panic abandons it to be retried later, an error made by
	// NewPermanentError moves it to the dead-letter queue.
	//
	// ctx ends when the lock of the message is lost (context.Cause is then ErrLockLost) or when the
	// listener stops and options.drain_timeout has passed; the receiver should return soon after. With
	// options.listen_concurrency above 1 it is called concurrently. It may call every method of queue;
	// hand ctx to them, so that Close can tell that it is called from inside a receiver.
	ReceiveMessage(ctx context.Context, envelope *MessageEnvelope, queue IMessageQueue) (err error)
}
