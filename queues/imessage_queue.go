package queues

import (
	"context"
	"time"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
)

type (
	// IMessageQueue is a queue, whatever broker is behind it. Delivery is at-least-once wherever the
	// broker can; Capabilities says what else a queue can do, and what it cannot do is answered with
	// ErrNotSupported.
	//
	// All methods may be called concurrently, also from inside a receiver. Every operation on a queue
	// that is not open fails with ErrNotOpened. A context that has ended makes a call fail with
	// ctx.Err(), and the call has done nothing. correlationId goes to logs, traces and errors.
	IMessageQueue interface {
		// IOpenable: Open connects and is a no-op on an open queue. It reports everything that is wrong
		// with the configuration at once (ErrBadConfig). Close stops listeners, gives unsettled messages
		// back and disconnects; a no-op on a closed queue. It cancels an Open that is under way, which
		// returns ErrNotOpened. A closed queue can be opened again.
		crun.IOpenable

		// Name is the name of the queue.
		Name() string

		// Capabilities says what this queue can do. It is never nil.
		Capabilities() *MessagingCapabilities

		// ReadMessageCount counts the messages that are ready to be received: not locked, not delayed.
		ReadMessageCount() (count int64, err error)

		// Send puts a copy of the envelope into the queue and returns nil when the queue has taken
		// responsibility for it. A missing MessageId is assigned and SentTime set on the copy.
		// Errors: ErrBadMessage, ErrMessageTooLarge, ErrQueueFull, ErrNoConnection.
		Send(ctx context.Context, correlationId string, envelope *MessageEnvelope) error

		// SendAsObject sends value encoded as JSON. Errors as Send; ErrBadMessage also when value
		// cannot be encoded.
		SendAsObject(ctx context.Context, correlationId string, messageType string, value any) error

		// Peek returns a copy of the next ready message without locking it, nil when there is none.
		Peek(ctx context.Context, correlationId string) (result *MessageEnvelope, err error)

		// PeekBatch returns copies of up to messageCount ready messages in order, without locking them;
		// an empty list when there are none or messageCount is below 1.
		PeekBatch(ctx context.Context, correlationId string, messageCount int64) (result []*MessageEnvelope, err error)

		// Receive takes the next ready message and locks it for options.lock_timeout. With none ready it
		// waits up to waitTimeout, and returns nil, nil when there is none by then; waitTimeout of 0 or
		// less does not wait. Settle the message with Complete, Abandon or MoveToDeadLetter; one whose
		// lock runs out becomes ready again (as in Azure Service Bus and Amazon SQS).
		Receive(ctx context.Context, correlationId string, waitTimeout time.Duration) (result *MessageEnvelope, err error)

		// RenewLock extends the lock of a received message: it ends lockTimeout from now, or
		// options.lock_timeout from now if lockTimeout is 0 or less. For a message that is settled, that
		// another goroutine is settling, or that was never received, it is a no-op. Errors: ErrLockLost,
		// ErrBadMessage.
		RenewLock(ctx context.Context, message *MessageEnvelope, lockTimeout time.Duration) error

		// Complete removes a received message from the queue. Settling one that is settled already, or
		// that was never received, is a no-op. Errors: ErrLockLost, ErrBadMessage (another queue's message).
		Complete(ctx context.Context, message *MessageEnvelope) error

		// Abandon makes a received message ready again at its old place, or moves it to the dead-letter
		// queue if it has had options.max_deliveries deliveries. Otherwise as Complete.
		Abandon(ctx context.Context, message *MessageEnvelope) error

		// MoveToDeadLetter moves a received message to the dead-letter queue. Otherwise as Complete.
		MoveToDeadLetter(ctx context.Context, message *MessageEnvelope) error

		// Listen hands messages to receiver and settles them by its outcome, until EndListen or Close
		// (nil), or until ctx ends (ctx.Err()). It returns when the receivers in work have finished, or
		// options.drain_timeout later. Errors: ErrBadMessage for a nil receiver.
		Listen(ctx context.Context, correlationId string, receiver IMessageReceiver) error

		// BeginListen starts Listen in the background. The listener is registered when it returns, so
		// an EndListen right after it is never lost. A failure is logged, and nobody listens then; the usual
		// one is a queue that is not open. A component that the container may open before the queue must
		// therefore open the queue itself first. Listening does not end with the ctx that a receiver was handed.
		BeginListen(ctx context.Context, correlationId string, receiver IMessageReceiver)

		// EndListen ends every listener of this queue. It does not wait for receivers in work; messages
		// received after it has returned go to nobody that was listening before.
		EndListen(ctx context.Context, correlationId string)
	}

	// IMessageQueueOverrides is what a queue that embeds *MessageQueue hands to InheritMessageQueue, so
	// that the base calls the queue's own methods.
	IMessageQueueOverrides interface {
		IMessageQueue

		// OpenWithParams opens the queue with resolved connections and credential (nil when none is configured).
		OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error
	}
)
