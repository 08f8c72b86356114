package queues

import (
	"errors"
	"fmt"
	"strings"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/sentinel"
)

// What can go wrong. Test with errors.Is; every error of this package that matches one of them can
// also be had as *errors.ApplicationError of commons through errors.As, with the code named here and
// the queue under Details["queue"].
var (
	// ErrNotOpened (code NOT_OPENED): the queue is not open, or was closed while the call waited.
	// Nothing was taken, sent or settled.
	ErrNotOpened = sentinel.ErrNotOpened

	// ErrLockLost (LOCK_LOST): the lock of this delivery ran out, or the message was cleared or given
	// back. It may be with another receiver by now, which is not disturbed. It will come again.
	ErrLockLost = errors.New("message lock is lost")

	// ErrNotSupported (NOT_SUPPORTED): the queue does not declare the capability. See
	// IMessageQueue.Capabilities and options.require.
	ErrNotSupported = errors.New("operation is not supported")

	// ErrQueueFull (QUEUE_FULL): options.max_messages is reached and options.overflow is "reject".
	// The message was not taken.
	ErrQueueFull = errors.New("queue is full")

	// ErrMessageTooLarge (MESSAGE_TOO_LARGE): the payload is over options.max_message_size or over
	// the broker's own limit. The message was not taken.
	ErrMessageTooLarge = errors.New("message is too large")

	// ErrBadMessage (BAD_MESSAGE): what was handed in cannot be used: a nil envelope or receiver, an
	// envelope of another queue, a payload that could not be encoded, an envelope that cannot be read.
	ErrBadMessage = errors.New("bad message")

	// ErrBadConfig (BAD_CONFIG): Open refuses the configuration; the text lists everything that is
	// wrong with it.
	ErrBadConfig = sentinel.ErrBadConfig

	// ErrNoConnection (NO_CONNECTION): connection settings are missing, or the server cannot be
	// reached. Whether a message on its way was taken is not known.
	ErrNoConnection = sentinel.ErrNoConnection
)

// applicationErrors makes the ApplicationError for each sentinel, in the order they are looked up.
var applicationErrors = []struct {
	sentinel error
	code     string
	make     func(correlationId, code, message string) *cerr.ApplicationError
}{
	{ErrNotOpened, "NOT_OPENED", cerr.NewInvalidStateError},
	{ErrLockLost, "LOCK_LOST", cerr.NewConflictError},
	{ErrNotSupported, "NOT_SUPPORTED", cerr.NewUnsupportedError},
	{ErrQueueFull, "QUEUE_FULL", cerr.NewInvalidStateError},
	{ErrMessageTooLarge, "MESSAGE_TOO_LARGE", cerr.NewBadRequestError},
	{ErrBadMessage, "BAD_MESSAGE", cerr.NewBadRequestError},
	{ErrBadConfig, "BAD_CONFIG", cerr.NewConfigError},
	{ErrNoConnection, "NO_CONNECTION", cerr.NewConnectionError},
}

// queueError is a sentinel with its circumstances. It unwraps to the sentinel, to the
// ApplicationError (which keeps its cause as text only) and to the cause.
type queueError struct {
	sentinel    error
	queue       string // that it is about; "" for none
	application *cerr.ApplicationError
	cause       error
}

func (e *queueError) Error() string { return e.application.Message }

func (e *queueError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.sentinel, e.application}
	}
	return []error{e.sentinel, e.application, e.cause}
}

// newError states sentinel, once, for a queue, "" for none. detail says what was being done and the way out;
// cause may be nil.
func newError(sentinel error, queue, correlationId, detail string, cause error) error {
	message := sentinel.Error()
	if queue != "" {
		message = "queue " + queue + ": " + message
	}
	if detail != "" {
		message += ": " + detail
	}
	if cause != nil && cause != sentinel {
		said := ": " + sentinel.Error() + ": "
		message += strings.ReplaceAll(": "+cause.Error(), said, ": ")
	}
	for _, kind := range applicationErrors {
		if kind.sentinel == sentinel {
			application := kind.make(correlationId, kind.code, message).WithDetails("queue", queue)
			if cause != nil {
				application = application.WithCause(cause)
			}
			return &queueError{sentinel: sentinel, queue: queue, application: application, cause: cause}
		}
	}
	return fmt.Errorf("%s: %w", message, sentinel)
}

// wrapError gives an error of a storage the queue's name. An error that wraps a sentinel becomes that
// sentinel's ApplicationError; one that has it already passes as it is, unless another queue is to blame: then it says
// which queue could not do what because of that.
func wrapError(err error, queue, correlationId, doing string) error {
	if err == nil {
		return nil
	}
	var done *queueError
	if errors.As(err, &done) && done.queue == queue {
		return err
	}
	if done != nil && done.queue != "" {
		return fmt.Errorf("queue %s: %s: %w", queue, doing, err)
	}
	for _, kind := range applicationErrors {
		if errors.Is(err, kind.sentinel) {
			return newError(kind.sentinel, queue, correlationId, doing, err)
		}
	}
	return fmt.Errorf("queue %s: %s: %w", queue, doing, err)
}

// permanentError marks a failure that no further delivery can mend.
type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// NewPermanentError wraps err so that a receiver that returns it has the message moved to the
// dead-letter queue at once, without retries. A nil err stands for an unnamed failure.
func NewPermanentError(err error) error {
	if err == nil {
		err = errors.New("permanent failure")
	}
	return &permanentError{cause: err}
}

// IsPermanentError tells whether err, or an error it wraps, was made by NewPermanentError.
func IsPermanentError(err error) bool {
	var permanent *permanentError
	return errors.As(err, &permanent)
}
