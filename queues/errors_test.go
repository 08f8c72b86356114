package queues_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// sentinels are the errors of the package with what their ApplicationError says.
var sentinels = []struct {
	sentinel       error
	code, category string
}{
	{queues.ErrNotOpened, "NOT_OPENED", cerr.InvalidState},
	{queues.ErrLockLost, "LOCK_LOST", cerr.Conflict},
	{queues.ErrNotSupported, "NOT_SUPPORTED", "Unsupported"},
	{queues.ErrQueueFull, "QUEUE_FULL", cerr.InvalidState},
	{queues.ErrMessageTooLarge, "MESSAGE_TOO_LARGE", cerr.BadRequest},
	{queues.ErrBadMessage, "BAD_MESSAGE", cerr.BadRequest},
	{queues.ErrBadConfig, "BAD_CONFIG", cerr.Misconfiguration},
	{queues.ErrNoConnection, "NO_CONNECTION", cerr.NoResponse},
}

// as checks that err is sentinel, and an ApplicationError of a queue named orders.
func as(t *testing.T, err, sentinel error, correlationId string) *cerr.ApplicationError {
	t.Helper()
	require.ErrorIs(t, err, sentinel)
	for _, other := range sentinels {
		if other.sentinel != sentinel {
			require.NotErrorIs(t, err, other.sentinel)
		}
	}
	var application *cerr.ApplicationError
	require.ErrorAs(t, err, &application)
	for _, kind := range sentinels {
		if kind.sentinel == sentinel {
			require.Equal(t, kind.code, application.Code)
			require.Equal(t, kind.category, application.Category)
		}
	}
	require.Equal(t, "orders", application.Details["queue"])
	require.Equal(t, correlationId, application.CorrelationId)
	require.ErrorContains(t, err, "queue orders: "+sentinel.Error())
	return application
}

func TestErrorOfAStorage(t *testing.T) {
	t.Parallel()
	for _, kind := range sentinels {
		inBubble(t, "that wraps a sentinel becomes its ApplicationError: "+kind.code, func(t *testing.T) {
			s := newFakeStorage(queues.Traits{})
			queue := openQueue(t, s)
			root := errors.New("reset by peer")
			cause := fmt.Errorf("publishing: %w: %w", kind.sentinel, root)
			s.fails("put", cause)
			err := queue.Send(t.Context(), "123", queues.NewMessageEnvelope("other", "", nil))
			application := as(t, err, kind.sentinel, "123")
			require.Equal(t, cause.Error(), application.Cause)
			require.ErrorIs(t, err, root, "the cause can be tested for too")
			require.ErrorContains(t, err, "sending")
			require.ErrorContains(t, err, "reset by peer")
		})
	}

	inBubble(t, "says once what it is", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		s.fails("put", fmt.Errorf("%w: reset by peer", queues.ErrNoConnection))
		err := queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil))
		require.EqualError(t, err, "queue orders: no connection: sending: reset by peer")

		s.fails("put", fmt.Errorf("publishing: %w: dialing: %w: reset by peer", queues.ErrNoConnection, queues.ErrNoConnection))
		err = queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil))
		require.EqualError(t, err, "queue orders: no connection: sending: publishing: dialing: reset by peer")
	})

	inBubble(t, "that is an ApplicationError of its own can be had from the chain", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		own := cerr.NewUnauthorizedError("1", "DENIED", "denied")
		s.fails("put", own)
		err := queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil))
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Same(t, own, application)
		require.ErrorContains(t, err, "queue orders: sending: denied")
	})

	inBubble(t, "that comes from another queue keeps that one's name", func(t *testing.T) {
		inner := queues.NewMemoryMessageQueue("inner")
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		s.fails("put", inner.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		err := queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil))
		require.ErrorIs(t, err, queues.ErrNotOpened)
		require.ErrorContains(t, err, "queue inner")
	})
}

func TestErrorOfTheBase(t *testing.T) {
	t.Parallel()

	inBubble(t, "has code, category, queue and correlation id, whatever fails", func(t *testing.T) {
		ctx := t.Context()
		s := newFakeStorage(queues.Traits{})
		queue := closedQueue(t, s, "max_message_size", 3, "lock_timeout", 1000)
		envelope := &queues.MessageEnvelope{CorrelationId: "456"}

		as(t, queue.Send(ctx, "123", envelope), queues.ErrNotOpened, "123")
		_, err := queue.Receive(ctx, "123", 0)
		as(t, err, queues.ErrNotOpened, "123")
		as(t, queue.CheckOpen("123"), queues.ErrNotOpened, "123")
		as(t, queue.Complete(ctx, envelope), queues.ErrNotOpened, "456")
		as(t, queue.Listen(ctx, "123", works(0)), queues.ErrNotOpened, "123")
		_, err = queue.Peek(ctx, "123")
		as(t, err, queues.ErrNotSupported, "123")
		bad := closedQueue(t, newFakeStorage(queues.Traits{}), "nonsense", 1)
		as(t, bad.Open(ctx, "123"), queues.ErrBadConfig, "123")
		lonely := closedQueue(t, newFakeStorage(queues.Traits{NeedsServer: true}))
		as(t, lonely.Open(ctx, "123"), queues.ErrNoConnection, "123")

		opened(t, queue)
		as(t, queue.Send(ctx, "123", nil), queues.ErrBadMessage, "123")
		as(t, queue.Listen(ctx, "123", nil), queues.ErrBadMessage, "123")
		as(t, queue.Complete(ctx, nil), queues.ErrBadMessage, "")
		big := as(t, queue.Send(ctx, "123", queues.NewMessageEnvelope("", "", make([]byte, 4))), queues.ErrMessageTooLarge, "123")
		require.Contains(t, big.Message, "4 bytes")
		foreign := *envelope
		foreign.SetReference("a token of someone else")
		as(t, queue.Abandon(ctx, &foreign), queues.ErrBadMessage, "456")
		s.has("a")
		received := receiveNow(t, queue)
		received.CorrelationId = "456"
		pass(time.Second)
		as(t, queue.Complete(ctx, received), queues.ErrLockLost, "456")
		as(t, queue.RenewLock(ctx, received, time.Second), queues.ErrLockLost, "456")
		require.NoError(t, queue.Close(ctx, ""))
	})

	inBubble(t, "says which queue an envelope came from", func(t *testing.T) {
		first, second := newFakeStorage(queues.Traits{}), newFakeStorage(queues.Traits{})
		first.has("a")
		source, other := openQueue(t, first, "name", "source"), openQueue(t, second)
		envelope := receiveNow(t, source)
		err := other.Complete(t.Context(), envelope)
		require.ErrorIs(t, err, queues.ErrBadMessage)
		require.ErrorContains(t, err, "was received from queue source")
		require.NoError(t, source.Complete(t.Context(), envelope))
	})

	t.Run("of a full queue in memory", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("max_messages", 1, "overflow", "reject"))
		opened(t, queue)
		require.NoError(t, queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil)))
		application := as(t, queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil)), queues.ErrQueueFull, "123")
		require.Equal(t, 500, application.Status)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	t.Run("of a ctx that has ended is that of the ctx alone", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, queue.Send(ctx, "", queues.NewMessageEnvelope("", "", nil)))
		_, err := queue.Receive(ctx, "", time.Second)
		require.Equal(t, context.Canceled, err)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestPermanentError(t *testing.T) {
	t.Parallel()

	t.Run("reads as its cause and is its cause", func(t *testing.T) {
		t.Parallel()
		err := queues.NewPermanentError(errAway)
		require.EqualError(t, err, errAway.Error())
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.True(t, queues.IsPermanentError(err))
		require.True(t, queues.IsPermanentError(fmt.Errorf("handling order 7: %w", err)))
		require.True(t, queues.IsPermanentError(errors.Join(errFailed, err)))
	})

	t.Run("has a text without a cause too", func(t *testing.T) {
		t.Parallel()
		err := queues.NewPermanentError(nil)
		require.Error(t, err)
		require.NotEmpty(t, err.Error())
		require.True(t, queues.IsPermanentError(err))
	})

	t.Run("is not any other error, and not none", func(t *testing.T) {
		t.Parallel()
		require.False(t, queues.IsPermanentError(errFailed))
		require.False(t, queues.IsPermanentError(nil))
	})
}

func TestCallbackReceiver(t *testing.T) {
	t.Parallel()

	t.Run("calls its function", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("orders")
		envelope := queues.NewMessageEnvelope("", "", nil)
		var receiver queues.IMessageReceiver = queues.NewCallbackMessageReceiver(
			func(ctx context.Context, got *queues.MessageEnvelope, source queues.IMessageQueue) error {
				require.Equal(t, t.Context(), ctx)
				require.Same(t, envelope, got)
				require.Same(t, queue, source)
				return errFailed
			})
		require.Equal(t, errFailed, receiver.ReceiveMessage(t.Context(), envelope, queue))
	})

	t.Run("without one fails for good instead of panicking", func(t *testing.T) {
		t.Parallel()
		for _, receiver := range []*queues.CallbackMessageReceiver{nil, {}, queues.NewCallbackMessageReceiver(nil)} {
			err := receiver.ReceiveMessage(t.Context(), nil, nil)
			require.ErrorIs(t, err, queues.ErrBadMessage)
			require.True(t, queues.IsPermanentError(err))
		}
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()

	inBubble(t, "of a queue that is full", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("max_messages", 3, "overflow", "reject"))
		opened(t, queue)
		batch := make([]*queues.MessageEnvelope, 4)
		for i := range batch {
			batch[i] = &queues.MessageEnvelope{}
		}
		require.EqualError(t, queue.SendBatch(t.Context(), "", batch),
			"queue orders: queue is full: sending a batch: 4 messages never fit into 3, options.max_messages; send fewer at a time, or raise it")
		require.NoError(t, queue.SendBatch(t.Context(), "", batch[:3]))
		err := queue.Send(t.Context(), "", batch[3])
		require.ErrorIs(t, err, queues.ErrQueueFull)
		require.EqualError(t, err,
			"queue orders: queue is full: sending: it holds 3 messages, options.max_messages; try later, raise it, or let options.overflow be block")
	})

	inBubble(t, "of a lock that ran out", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("lock_timeout", 1000))
		opened(t, queue)
		require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: "a"}))
		envelope := receiveNow(t, queue)
		pass(2 * time.Second)
		const wayOut = " of message a: its lock ran out (options.lock_timeout: 1000), or it was cleared or given back; " +
			"what takes longer calls RenewLock meanwhile, or needs a longer time-out"
		require.EqualError(t, queue.Complete(t.Context(), envelope), "queue orders: message lock is lost: complete"+wayOut)
		require.EqualError(t, queue.RenewLock(t.Context(), envelope, 0), "queue orders: message lock is lost: renewing the lock"+wayOut)
	})

	inBubble(t, "of a dead-letter queue, and whose it is", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue, morgue, _ := withFullMorgue(t, s)
		require.NoError(t, morgue.Close(t.Context(), ""))
		err := queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue))
		require.ErrorIs(t, err, queues.ErrNotOpened)
		require.EqualError(t, err, "queue orders: move_to_dead_letter of message a: writing to the dead-letter queue: "+
			"queue morgue: queue is not opened: call Open first")
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, "morgue", application.Details["queue"])
	})

	inBubble(t, "of what is configured, in the log, and call it a warning once", func(t *testing.T) {
		log := newLogger(clog.LevelWarn)
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("listen_interval", 1000))
		queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "logger", "test", "default", "1.0"), log))
		opened(t, queue)
		require.Equal(t, "WARN [123] Queue orders: options.listen_interval is deprecated; ignored: listening waits without polling", log.text())
	})
}

func TestErrorThatNamesNoQueueGetsThatOfTheCall(t *testing.T) {
	t.Parallel()
	inBubble(t, "with its code", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		s.fails("take", new(queues.MessageEnvelope).UnmarshalJSON([]byte("{")))
		_, err := queue.Receive(t.Context(), "123", 0)
		require.ErrorIs(t, err, queues.ErrBadMessage)
		require.ErrorContains(t, err, "queue orders: bad message: receiving: ")
		require.Equal(t, 1, strings.Count(err.Error(), "bad message"), err)
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, "BAD_MESSAGE", application.Code)
		require.Equal(t, "orders", application.Details["queue"])
	})
}
