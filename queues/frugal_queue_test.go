package queues_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// frugalQueue overrides as little as a queue can and still carry messages; all the rest is the base's.
type frugalQueue struct {
	*queues.MessageQueue
	messages chan *queues.MessageEnvelope
	settled  chan string // "complete" or "abandon", and the message id
	failing  atomic.Pointer[error]
}

func newFrugalQueue(name string) *frugalQueue {
	c := &frugalQueue{messages: make(chan *queues.MessageEnvelope, 100), settled: make(chan string, 100)}
	c.MessageQueue = queues.InheritMessageQueue(c, name, nil)
	return c
}

func (c *frugalQueue) OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams,
	credential *cauth.CredentialParams,
) error {
	return nil
}

func (c *frugalQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	if err := c.CheckOpen(correlationId); err != nil {
		return err
	}
	c.messages <- envelope.Clone()
	return nil
}

func (c *frugalQueue) Receive(ctx context.Context, correlationId string, waitTimeout time.Duration) (*queues.MessageEnvelope, error) {
	if err := c.CheckOpen(correlationId); err != nil {
		return nil, err
	}
	if failing := c.failing.Load(); failing != nil {
		return nil, *failing
	}
	timeout := time.NewTimer(max(waitTimeout, time.Millisecond))
	defer timeout.Stop()
	select {
	case message := <-c.messages:
		message.SetReference("taken")
		return message, nil
	case <-timeout.C:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *frugalQueue) Complete(ctx context.Context, message *queues.MessageEnvelope) error {
	message.SetReference(nil)
	c.settled <- "complete " + message.MessageId
	return nil
}

func (c *frugalQueue) Abandon(ctx context.Context, message *queues.MessageEnvelope) error {
	message.SetReference(nil)
	c.settled <- "abandon " + message.MessageId
	return nil
}

// valueQueue holds one message.
type valueQueue struct {
	queues.MessageQueue
	message atomic.Pointer[queues.MessageEnvelope]
}

func (c *valueQueue) OpenWithParams(context.Context, string, []*cconn.ConnectionParams, *cauth.CredentialParams) error {
	return nil
}

func (c *valueQueue) Send(_ context.Context, _ string, envelope *queues.MessageEnvelope) error {
	c.message.Store(envelope)
	return nil
}

func (c *valueQueue) Receive(ctx context.Context, _ string, wait time.Duration) (*queues.MessageEnvelope, error) {
	if message := c.message.Swap(nil); message != nil {
		return message, nil
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return nil, ctx.Err()
}

func (c *valueQueue) Complete(context.Context, *queues.MessageEnvelope) error { return nil }

func TestQueueThatLeavesMostToTheBase(t *testing.T) {
	t.Parallel()

	t.Run("works in what the base makes of its methods", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			own := newFrugalQueue("frugal")
			var queue queues.IMessageQueue = own
			ctx := t.Context()
			require.Equal(t, "frugal", queue.Name())
			require.Equal(t, "[frugal]", own.String())
			require.NotNil(t, queue.Capabilities())
			require.False(t, queue.IsOpen())
			require.ErrorIs(t, queue.SendAsObject(ctx, "", "", 1), queues.ErrNotOpened)

			openLegacy(t, own)
			require.True(t, queue.IsOpen())
			opened(t, queue) // which changes nothing
			require.NoError(t, queue.SendAsObject(ctx, "123", "number", 1))
			require.NoError(t, queues.SendBatch(ctx, queue, "123", []*queues.MessageEnvelope{
				queues.NewMessageEnvelope("", "", []byte("2")), queues.NewMessageEnvelope("", "", []byte("3")),
			}))
			received, err := queues.ReceiveBatch(ctx, queue, "123", 10, 0)
			require.NoError(t, err)
			require.Equal(t, []string{"1", "2", "3"}, payloads(received))

			require.NoError(t, queue.Close(ctx, ""))
			require.False(t, queue.IsOpen())
			require.NoError(t, queue.Close(ctx, ""), "Close is idempotent")
			openLegacy(t, own)
			require.True(t, queue.IsOpen())
			require.NoError(t, queue.Close(ctx, ""))
		})
	})

	t.Run("answers ErrNotSupported for the rest", func(t *testing.T) {
		t.Parallel()
		queue := newFrugalQueue("frugal")
		openLegacy(t, queue)
		ctx := t.Context()
		envelope := queues.NewMessageEnvelope("123", "", nil)
		for name, call := range map[string]func() error{
			"ReadMessageCount": func() error { _, err := queue.ReadMessageCount(); return err },
			"Peek":             func() error { _, err := queue.Peek(ctx, "123"); return err },
			"PeekBatch":        func() error { _, err := queue.PeekBatch(ctx, "123", 1); return err },
			"RenewLock":        func() error { return queue.RenewLock(ctx, envelope, time.Second) },
			"MoveToDeadLetter": func() error { return queue.MoveToDeadLetter(ctx, envelope) },
			"Clear":            func() error { return queue.Clear(ctx, "123") },
			"SendDelayed":      func() error { return queues.SendDelayed(ctx, queue, "123", envelope, time.Second) },
			"AbandonDelayed":   func() error { return queues.AbandonDelayed(ctx, queue, envelope, time.Second) },
			"DeadLetters":      func() error { _, err := queues.DeadLetters(queue); return err },
			"Redrive":          func() error { _, err := queues.Redrive(ctx, queue, "123", 0); return err },
		} {
			err := call()
			require.ErrorIs(t, err, queues.ErrNotSupported, name)
			require.ErrorContains(t, err, "frugal", name)
		}
		require.NoError(t, queue.Close(ctx, ""))
	})

	t.Run("answers ErrNotSupported even for the methods nearly every queue has", func(t *testing.T) {
		t.Parallel()
		queue := queues.InheritMessageQueue(nil, "bare", queues.NewMessagingCapabilities(true, true, true, true, true, true, true, true, true))
		ctx := t.Context()
		queue.Configure(ctx, cconf.NewConfigParamsFromTuples(legacyConfig...))
		require.ErrorIs(t, queue.Open(ctx, ""), queues.ErrNotSupported)
		envelope := queues.NewMessageEnvelope("", "", nil)
		require.ErrorIs(t, queue.Send(ctx, "", envelope), queues.ErrNotSupported)
		_, err := queue.Receive(ctx, "", 0)
		require.ErrorIs(t, err, queues.ErrNotSupported)
		require.ErrorIs(t, queue.Complete(ctx, envelope), queues.ErrNotSupported)
		require.ErrorIs(t, queue.Abandon(ctx, envelope), queues.ErrNotSupported)
		require.ErrorIs(t, queue.Listen(ctx, "", &legacyReceiver{}), queues.ErrNotSupported)
	})

	t.Run("settles by the outcome of a receiver while it listens", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newFrugalQueue("frugal")
			openLegacy(t, queue)
			ctx := t.Context()
			queue.BeginListen(ctx, "123", queues.NewCallbackMessageReceiver(
				func(ctx context.Context, envelope *queues.MessageEnvelope, source queues.IMessageQueue) error {
					require.Same(t, queue, source)
					switch envelope.MessageType {
					case "fail":
						return errors.New("failed")
					case "never":
						return queues.NewPermanentError(errors.New("hopeless"))
					case "panic":
						panic("oh")
					default:
						return nil
					}
				}))
			for _, kind := range []string{"good", "fail", "panic", "never", "good"} {
				envelope := queues.NewMessageEnvelope("", kind, nil)
				envelope.MessageId = kind
				require.NoError(t, queue.Send(ctx, "123", envelope))
			}
			for _, outcome := range []string{
				"complete good", "abandon fail", "abandon panic", "abandon never", "complete good",
			} {
				require.Equal(t, outcome, <-queue.settled)
			}
			require.NoError(t, queue.Close(ctx, "123"))
		})
	})

	t.Run("returns from Listen with nil after EndListen and Close, with the error of an ended ctx", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newFrugalQueue("frugal")
			openLegacy(t, queue)
			listening := func(ctx context.Context) <-chan error {
				ended := make(chan error, 1)
				go func() { ended <- queue.Listen(ctx, "", &legacyReceiver{}) }()
				synctest.Wait()
				return ended
			}
			ended := listening(t.Context())
			queue.EndListen(t.Context(), "")
			require.NoError(t, <-ended)

			ctx, cancel := context.WithCancel(t.Context())
			ended = listening(ctx)
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)

			ended = listening(t.Context())
			require.NoError(t, queue.Close(t.Context(), ""))
			require.NoError(t, <-ended)
		})
	})

	t.Run("keeps an EndListen right after BeginListen", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newFrugalQueue("frugal")
			openLegacy(t, queue)
			receiver := &legacyReceiver{received: make(chan string, 1)}
			queue.BeginListen(t.Context(), "", receiver)
			queue.EndListen(t.Context(), "")
			require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
			synctest.Wait()
			require.Empty(t, receiver.received)
			require.Len(t, queue.messages, 1)
			require.NoError(t, queue.Close(t.Context(), ""))
		})
	})

	t.Run("goes on listening after failures, ever more slowly", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newFrugalQueue("frugal")
			openLegacy(t, queue)
			failing := errors.New("server is away")
			queue.failing.Store(&failing)
			receiver := &legacyReceiver{received: make(chan string, 1)}
			queue.BeginListen(t.Context(), "", receiver)
			require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("late"))))
			time.Sleep(time.Hour)
			require.Empty(t, receiver.received)
			queue.failing.Store(nil)
			require.Equal(t, "late", <-receiver.received)
			require.NoError(t, queue.Close(t.Context(), ""))
		})
	})

	t.Run("refuses to open without the capabilities that options.require names", func(t *testing.T) {
		t.Parallel()
		queue := newFrugalQueue("frugal")
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(append([]any{"options.require", "durable"}, legacyConfig...)...))
		err := queue.Open(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrNotSupported)
		require.ErrorContains(t, err, "durable")
		require.False(t, queue.IsOpen())
	})

	t.Run("reports a bad value of an option it shares with every queue", func(t *testing.T) {
		t.Parallel()
		queue := newFrugalQueue("frugal")
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(append([]any{"options.lock_timeout", "soon"}, legacyConfig...)...))
		err := queue.Open(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, "options.lock_timeout")
	})
}
