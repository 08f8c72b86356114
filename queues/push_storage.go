package queues

import "context"

// PushStorage is what a broker that only pushes (MQTT, core NATS) must be able to do. What the comment
// on [Storage] says holds for it too, but for this: deliveries come by Subscribe instead of Take, and
// a message that is abandoned is delivered again from the buffer here; the broker sees it once more
// only when the connection ends before it is acknowledged.
type PushStorage interface {
	// Traits says what this storage is like; Locks and Prefetch do not matter.
	Traits() Traits

	// Open and Close are as in Storage. Close ends the subscription; deliver fails from then on, so that
	// Close may wait for calls of it.
	Open(ctx context.Context, params StorageParams) error
	Close(ctx context.Context) error

	// Put is as in Storage.
	Put(ctx context.Context, message *MessageEnvelope) error

	// Subscribe has the broker push messages to deliver, which stores one in the buffer and blocks while
	// the buffer is full: a storage lets this slow down its broker. count is how often the broker has
	// delivered the message, this time included; handle is what Acknowledge needs. deliver fails when
	// ctx ends or the queue closes; the message was not taken then. It may be called concurrently.
	Subscribe(ctx context.Context, deliver func(ctx context.Context, message *MessageEnvelope, count int, handle any) error) error

	// Unsubscribe stops the pushing.
	Unsubscribe(ctx context.Context) error

	// Acknowledge tells the broker that a message is done. AtMostOnce storages do nothing.
	Acknowledge(ctx context.Context, handle any) error
}

// Further abilities of a PushStorage, each with an interface of its own as those of a [Storage].
type (
	// PushSiblingMaker is a PushStorage that can make another queue of its kind, for the default
	// dead-letter queue. See SiblingMaker.
	PushSiblingMaker interface {
		Sibling(name string) PushStorage
	}

	// PushFlusher is a PushStorage that can find out whether its broker has something for it on the way,
	// so that a Receive that does not wait gets what is ready.
	PushFlusher interface {
		// Flush returns when the subscription has handed to deliver what the broker had for it at the
		// time of the call, or as much as there is room for. It is called with an empty buffer.
		Flush(ctx context.Context) error
	}
)
