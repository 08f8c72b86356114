package queues_test

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// legacyQueue is a queue in the manner of messaging-gox 1.0: it embeds the base for its fields and the
// few methods that the base had, and does everything else itself, faults of the time included (polling,
// locks that are never given back). Nothing in it may need a change to work with this version.
type legacyQueue struct {
	*queues.MessageQueue
	address     string
	username    string
	opened      bool
	messages    []queues.MessageEnvelope
	tokens      int
	locked      map[int]*queues.LockedMessage
	deadLetters int
	cancel      int32
}

func newLegacyQueue(name string) *legacyQueue {
	c := &legacyQueue{locked: map[int]*queues.LockedMessage{}}
	c.MessageQueue = queues.InheritMessageQueue(c, name,
		queues.NewMessagingCapabilities(true, true, true, true, true, true, true, false, true))
	return c
}

func (c *legacyQueue) IsOpen() bool {
	c.Lock.Lock()
	defer c.Lock.Unlock()
	return c.opened
}

func (c *legacyQueue) OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams,
	credential *cauth.CredentialParams,
) error {
	if len(connections) == 0 {
		return cerr.NewConfigError(correlationId, "NO_CONNECTION", "Connection parameters are not set")
	}
	c.Lock.Lock()
	c.address = connections[0].Host()
	if credential != nil {
		c.username = credential.Username()
	}
	c.opened = true
	c.Lock.Unlock()
	c.Logger.Debug(ctx, correlationId, "Opened queue %s", c.Name())
	return nil
}

func (c *legacyQueue) Close(ctx context.Context, correlationId string) error {
	c.Lock.Lock()
	c.opened = false
	c.Lock.Unlock()
	atomic.StoreInt32(&c.cancel, 1)
	c.Logger.Debug(ctx, correlationId, "Closed queue %s", c.Name())
	return nil
}

func (c *legacyQueue) Clear(ctx context.Context, correlationId string) error {
	c.Lock.Lock()
	defer c.Lock.Unlock()
	c.messages = nil
	c.locked = map[int]*queues.LockedMessage{}
	return nil
}

func (c *legacyQueue) ReadMessageCount() (int64, error) {
	c.Lock.Lock()
	defer c.Lock.Unlock()
	return int64(len(c.messages)), nil
}

func (c *legacyQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	if err := c.CheckOpen(correlationId); err != nil {
		return err
	}
	c.Lock.Lock()
	envelope.SentTime = time.Now()
	c.messages = append(c.messages, *envelope)
	c.Lock.Unlock()
	c.Counters.IncrementOne(ctx, "queue."+c.Name()+".sent_messages")
	c.Logger.Debug(ctx, envelope.CorrelationId, "Sent message %s via %s", envelope.String(), c.String())
	return nil
}

func (c *legacyQueue) Peek(ctx context.Context, correlationId string) (*queues.MessageEnvelope, error) {
	if err := c.CheckOpen(correlationId); err != nil {
		return nil, err
	}
	c.Lock.Lock()
	defer c.Lock.Unlock()
	if len(c.messages) == 0 {
		return nil, nil
	}
	message := c.messages[0]
	return &message, nil
}

func (c *legacyQueue) PeekBatch(ctx context.Context, correlationId string, messageCount int64) ([]*queues.MessageEnvelope, error) {
	if err := c.CheckOpen(correlationId); err != nil {
		return nil, err
	}
	c.Lock.Lock()
	defer c.Lock.Unlock()
	found := []*queues.MessageEnvelope{}
	for _, message := range c.messages[:min(int(messageCount), len(c.messages))] {
		found = append(found, &message)
	}
	return found, nil
}

func (c *legacyQueue) Receive(ctx context.Context, correlationId string, waitTimeout time.Duration) (*queues.MessageEnvelope, error) {
	if err := c.CheckOpen(correlationId); err != nil {
		return nil, err
	}
	const step = 100 * time.Millisecond
	for elapsed := time.Duration(0); ; elapsed += step {
		c.Lock.Lock()
		if len(c.messages) > 0 {
			message := c.messages[0]
			c.messages = c.messages[1:]
			token := c.tokens
			c.tokens++
			message.SetReference(token)
			c.locked[token] = &queues.LockedMessage{
				Message:        &message,
				ExpirationTime: time.Now().Add(time.Minute),
				Timeout:        time.Minute,
			}
			c.Lock.Unlock()
			c.Counters.IncrementOne(ctx, "queue."+c.Name()+".received_messages")
			c.Logger.Debug(ctx, message.CorrelationId, "Received message %s via %s", message.String(), c.Name())
			return &message, nil
		}
		c.Lock.Unlock()
		if elapsed >= waitTimeout {
			return nil, nil
		}
		time.Sleep(step)
	}
}

func (c *legacyQueue) RenewLock(ctx context.Context, message *queues.MessageEnvelope, lockTimeout time.Duration) error {
	if token, ok := message.GetReference().(int); ok {
		c.Lock.Lock()
		defer c.Lock.Unlock()
		if locked, ok := c.locked[token]; ok {
			locked.ExpirationTime = time.Now().Add(lockTimeout)
		}
	}
	return nil
}

func (c *legacyQueue) Complete(ctx context.Context, message *queues.MessageEnvelope) error {
	if token, ok := message.GetReference().(int); ok {
		c.Lock.Lock()
		defer c.Lock.Unlock()
		delete(c.locked, token)
		message.SetReference(nil)
	}
	return nil
}

func (c *legacyQueue) Abandon(ctx context.Context, message *queues.MessageEnvelope) error {
	token, ok := message.GetReference().(int)
	if !ok {
		return nil
	}
	c.Lock.Lock()
	delete(c.locked, token)
	message.SetReference(nil)
	c.Lock.Unlock()
	return c.Send(ctx, message.CorrelationId, message)
}

func (c *legacyQueue) MoveToDeadLetter(ctx context.Context, message *queues.MessageEnvelope) error {
	c.Lock.Lock()
	c.deadLetters++
	c.Lock.Unlock()
	c.Counters.IncrementOne(ctx, "queue."+c.Name()+".dead_messages")
	return c.Complete(ctx, message)
}

func (c *legacyQueue) Listen(ctx context.Context, correlationId string, receiver queues.IMessageReceiver) error {
	atomic.StoreInt32(&c.cancel, 0)
	for atomic.LoadInt32(&c.cancel) == 0 {
		message, err := c.Receive(ctx, correlationId, time.Second)
		if err != nil {
			return err
		}
		if message != nil && atomic.LoadInt32(&c.cancel) == 0 {
			if err := receiver.ReceiveMessage(ctx, message, c); err != nil {
				c.Logger.Error(ctx, correlationId, err, "Failed to process the message")
			}
		}
	}
	return nil
}

func (c *legacyQueue) EndListen(ctx context.Context, correlationId string) {
	atomic.StoreInt32(&c.cancel, 1)
}

// legacyReceiver is a receiver as services wrote them against messaging-gox 1.0.
type legacyReceiver struct {
	received chan string
}

func (r *legacyReceiver) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	r.received <- envelope.GetMessageAsString()
	return queue.Complete(ctx, envelope)
}

var legacyConfig = []any{"connection.host", "broker.local", "connection.port", "1234", "credential.username", "jane"}

func openLegacy(t *testing.T, queue interface {
	queues.IMessageQueue
	cconf.IConfigurable
},
) {
	t.Helper()
	queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(legacyConfig...))
	opened(t, queue)
}

func TestQueueWrittenAgainstMessagingGox10(t *testing.T) {
	t.Parallel()

	t.Run("gets its connection and credential through OpenWithParams", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		openLegacy(t, queue)
		require.Equal(t, "broker.local", queue.address)
		require.Equal(t, "jane", queue.username)
		require.True(t, queue.IsOpen())
		require.NoError(t, queue.CheckOpen("123"))
	})

	t.Run("is refused by Open without a connection", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		err := queue.Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, "NO_CONNECTION", application.Code)
		require.False(t, queue.IsOpen())
	})

	t.Run("can use its resolver by itself", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(legacyConfig...))
		connection, err := queue.ConnectionResolver.Resolve("123")
		require.NoError(t, err)
		require.Equal(t, 1234, connection.Port())
		credential, err := queue.CredentialResolver.Lookup(t.Context(), "123")
		require.NoError(t, err)
		require.Equal(t, "jane", credential.Username())
	})

	t.Run("answers CheckOpen from its own IsOpen", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		require.ErrorIs(t, queue.CheckOpen("123"), queues.ErrNotOpened)
		openLegacy(t, queue)
		require.NoError(t, queue.Close(t.Context(), "123"))
		err := queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", nil))
		require.ErrorIs(t, err, queues.ErrNotOpened)
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, "NOT_OPENED", application.Code)
		require.Equal(t, "123", application.CorrelationId)
	})

	t.Run("opens again after Close", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		for range 3 {
			openLegacy(t, queue)
			require.True(t, queue.IsOpen())
			require.NoError(t, queue.Close(t.Context(), "123"))
			require.False(t, queue.IsOpen())
		}
	})

	t.Run("opens again with another configuration", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		openLegacy(t, queue)
		require.NoError(t, queue.Close(t.Context(), "123"))
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("name", "new", "connection.host", "other.local"))
		opened(t, queue)
		require.Equal(t, "other.local", queue.address)
		require.Equal(t, "new", queue.Name())
	})

	t.Run("is named by its configuration", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		require.Equal(t, "old", queue.Name())
		require.Equal(t, "[old]", queue.String())
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples("name", "other", "queue", "topic"))
		require.Equal(t, "topic", queue.Name())
	})

	t.Run("may have options of its own", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		queue.Configure(t.Context(), cconf.NewConfigParamsFromTuples(append([]any{"options.own", "1"}, legacyConfig...)...))
		opened(t, queue)
	})

	t.Run("does all its own methods do through IMessageQueue", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			own := newLegacyQueue("old")
			openLegacy(t, own)
			var queue queues.IMessageQueue = own
			ctx := t.Context()

			require.Equal(t, "old", queue.Name())
			require.True(t, queue.Capabilities().CanPeekBatch())
			require.False(t, queue.Capabilities().CanDeadLetter())
			require.NoError(t, queue.SendAsObject(ctx, "123", "order", map[string]int{"n": 1}))
			require.NoError(t, queue.Send(ctx, "123", queues.NewMessageEnvelope("123", "order", []byte("2"))))
			count, err := queue.ReadMessageCount()
			require.NoError(t, err)
			require.EqualValues(t, 2, count)
			peeked, err := queue.Peek(ctx, "123")
			require.NoError(t, err)
			require.Equal(t, `{"n":1}`, peeked.GetMessageAsString())
			batch, err := queue.PeekBatch(ctx, "123", 5)
			require.NoError(t, err)
			require.Len(t, batch, 2)

			first, err := queue.Receive(ctx, "123", time.Second)
			require.NoError(t, err)
			require.Equal(t, 0, first.GetReference(), "the queue keeps its own lock token")
			require.NoError(t, queue.RenewLock(ctx, first, time.Hour))
			require.NoError(t, queue.Abandon(ctx, first))
			second, err := queue.Receive(ctx, "123", time.Second)
			require.NoError(t, err)
			require.Equal(t, "2", second.GetMessageAsString())
			require.NoError(t, queue.Complete(ctx, second))
			require.Nil(t, second.GetReference())
			third, err := queue.Receive(ctx, "123", time.Second)
			require.NoError(t, err)
			require.NoError(t, queue.MoveToDeadLetter(ctx, third))
			require.Equal(t, 1, own.deadLetters)
			none, err := queue.Receive(ctx, "123", time.Second)
			require.NoError(t, err)
			require.Nil(t, none)

			require.NoError(t, queue.Send(ctx, "123", queues.NewMessageEnvelope("", "", nil)))
			require.NoError(t, own.Clear(ctx, "123"))
			count, err = queue.ReadMessageCount()
			require.NoError(t, err)
			require.Zero(t, count)
		})
	})

	t.Run("listens by its own Listen in the background until its own EndListen", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newLegacyQueue("old")
			openLegacy(t, queue)
			receiver := &legacyReceiver{received: make(chan string, 10)}
			queue.BeginListen(t.Context(), "123", receiver)
			require.NoError(t, queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", []byte("heard"))))
			require.Equal(t, "heard", <-receiver.received)

			queue.EndListen(t.Context(), "123")
			time.Sleep(5 * time.Second)
			require.NoError(t, queue.Send(t.Context(), "123", queues.NewMessageEnvelope("", "", []byte("unheard"))))
			time.Sleep(5 * time.Second)
			require.Empty(t, receiver.received)
		})
	})

	t.Run("fails over to one by one in SendBatch and ReceiveBatch", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := newLegacyQueue("old")
			openLegacy(t, queue)
			var batch []*queues.MessageEnvelope
			for _, text := range []string{"1", "2", "3"} {
				batch = append(batch, queues.NewMessageEnvelope("123", "", []byte(text)))
			}
			require.NoError(t, queues.SendBatch(t.Context(), queue, "123", batch))
			received, err := queues.ReceiveBatch(t.Context(), queue, "123", 2, time.Second)
			require.NoError(t, err)
			require.Equal(t, []string{"1", "2"}, payloads(received))
			received, err = queues.ReceiveBatch(t.Context(), queue, "123", 2, time.Second)
			require.NoError(t, err)
			require.Equal(t, []string{"3"}, payloads(received))
			for _, envelope := range received {
				require.NoError(t, queue.Complete(t.Context(), envelope))
			}
		})
	})

	t.Run("refuses what it cannot have known of", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		openLegacy(t, queue)
		ctx := t.Context()
		envelope := queues.NewMessageEnvelope("123", "", nil)
		require.NoError(t, queue.Send(ctx, "123", envelope))
		received, err := queue.Receive(ctx, "123", 0)
		require.NoError(t, err)

		require.ErrorIs(t, queues.SendDelayed(ctx, queue, "123", envelope, time.Second), queues.ErrNotSupported)
		require.ErrorIs(t, queues.AbandonDelayed(ctx, queue, received, time.Second), queues.ErrNotSupported)
		_, err = queues.DeadLetters(queue)
		require.ErrorIs(t, err, queues.ErrNotSupported)
		_, err = queues.Redrive(ctx, queue, "123", 0)
		require.ErrorIs(t, err, queues.ErrNotSupported)
	})

	t.Run("feeds the loggers and counters of its container", func(t *testing.T) {
		t.Parallel()
		queue := newLegacyQueue("old")
		counters, logger := newCounters(), newLogger(clog.LevelDebug)
		references := cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("test", "counters", "fake", "1", "1.0"), counters,
			cref.NewDescriptor("test", "logger", "fake", "1", "1.0"), logger)
		queue.SetReferences(t.Context(), references)
		queue.SetReferences(t.Context(), references)
		openLegacy(t, queue)
		require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
		require.EqualValues(t, 1, counters.value("queue.old.sent_messages"))
		require.Contains(t, logger.text(), "Opened queue old")
	})

	t.Run("works with the base embedded by value", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			queue := &valueQueue{}
			base := queues.InheritMessageQueue(queue, "old", nil)
			// queue.MessageQueue = *base, as in the memory queue of 1.0, hidden from go vet.
			reflect.ValueOf(&queue.MessageQueue).Elem().Set(reflect.ValueOf(base).Elem())
			openLegacy(t, queue)
			require.NoError(t, queue.SendAsObject(t.Context(), "", "", "x"))
			received := make(chan string, 1)
			queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
				func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
					received <- envelope.GetMessageAsString()
					return nil
				}))
			require.Equal(t, `"x"`, <-received)
			queue.EndListen(t.Context(), "")
			require.NoError(t, queue.Close(t.Context(), ""))
			require.False(t, queue.IsOpen())
		})
	})
}

func payloads(envelopes []*queues.MessageEnvelope) []string {
	texts := []string{}
	for _, envelope := range envelopes {
		texts = append(texts, envelope.GetMessageAsString())
	}
	return texts
}
