package queues_test

import (
	"context"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What package queues of messaging-gox 1.0 exported, as code that does not compile if it changes. Not
// here, because it was unusable then and differs now (docs/differences.md): CallbackMessageReceiver and
// MessageEnvelope.JsonMapConvertor.

// IMessageQueue has exactly the methods that it had: a fake that implements those implements it still.
type iMessageQueue10 interface {
	IsOpen() bool
	Open(ctx context.Context, correlationId string) error
	Close(ctx context.Context, correlationId string) error
	Name() string
	Capabilities() *queues.MessagingCapabilities
	ReadMessageCount() (count int64, err error)
	Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error
	SendAsObject(ctx context.Context, correlationId string, messageType string, value any) error
	Peek(ctx context.Context, correlationId string) (result *queues.MessageEnvelope, err error)
	PeekBatch(ctx context.Context, correlationId string, messageCount int64) (result []*queues.MessageEnvelope, err error)
	Receive(ctx context.Context, correlationId string, waitTimeout time.Duration) (result *queues.MessageEnvelope, err error)
	RenewLock(ctx context.Context, message *queues.MessageEnvelope, lockTimeout time.Duration) error
	Complete(ctx context.Context, message *queues.MessageEnvelope) error
	Abandon(ctx context.Context, message *queues.MessageEnvelope) error
	MoveToDeadLetter(ctx context.Context, message *queues.MessageEnvelope) error
	Listen(ctx context.Context, correlationId string, receiver queues.IMessageReceiver) error
	BeginListen(ctx context.Context, correlationId string, receiver queues.IMessageReceiver)
	EndListen(ctx context.Context, correlationId string)
}

type iMessageQueueOverrides10 interface {
	iMessageQueue10
	OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error
}

type iMessageReceiver10 interface {
	ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) (err error)
}

var (
	_ queues.IMessageQueue          = iMessageQueue10(nil)
	_ iMessageQueue10               = queues.IMessageQueue(nil)
	_ queues.IMessageQueueOverrides = iMessageQueueOverrides10(nil)
	_ iMessageQueueOverrides10      = queues.IMessageQueueOverrides(nil)
	_ queues.IMessageReceiver       = iMessageReceiver10(nil)
	_ iMessageReceiver10            = queues.IMessageReceiver(nil)

	_ func(queues.IMessageQueueOverrides, string, *queues.MessagingCapabilities) *queues.MessageQueue = queues.InheritMessageQueue

	_ iMessageQueueOverrides10     = (*queues.MessageQueue)(nil)
	_ cconf.IConfigurable          = (*queues.MessageQueue)(nil)
	_ cref.IReferenceable          = (*queues.MessageQueue)(nil)
	_ interface{ String() string } = (*queues.MessageQueue)(nil)
	_ interface {
		CheckOpen(correlationId string) error
	} = (*queues.MessageQueue)(nil)

	_ func(string) *queues.MemoryMessageQueue = queues.NewMemoryMessageQueue
	_ iMessageQueueOverrides10                = (*queues.MemoryMessageQueue)(nil)
	_ cconf.IConfigurable                     = (*queues.MemoryMessageQueue)(nil)
	_ cref.IReferenceable                     = (*queues.MemoryMessageQueue)(nil)
	_ interface{ String() string }            = (*queues.MemoryMessageQueue)(nil)
	_ interface {
		CheckOpen(correlationId string) error
		Clear(ctx context.Context, correlationId string) error
	} = (*queues.MemoryMessageQueue)(nil)

	_ func() *queues.MessageEnvelope                       = queues.NewEmptyMessageEnvelope
	_ func(string, string, []byte) *queues.MessageEnvelope = queues.NewMessageEnvelope
	_ func(string, string, any) *queues.MessageEnvelope    = queues.NewMessageEnvelopeFromObject
	_ func(*queues.MessageEnvelope) (int, error)           = queues.GetMessageAs[int]
	_ interface {
		GetReference() any
		SetReference(value any)
		GetMessageAsString() string
		SetMessageAsString(value string)
		SetMessageAsObject(value any)
		String() string
		UnmarshalJSON(data []byte) error
	} = (*queues.MessageEnvelope)(nil)
	_ interface{ MarshalJSON() ([]byte, error) } = queues.MessageEnvelope{}

	_ func(canMessageCount, canSend, canReceive, canPeek, canPeekBatch, canRenewLock, canAbandon, canDeadLetter, canClear bool,
	) *queues.MessagingCapabilities = queues.NewMessagingCapabilities
	_ interface {
		CanMessageCount() bool
		CanSend() bool
		CanReceive() bool
		CanPeek() bool
		CanPeekBatch() bool
		CanRenewLock() bool
		CanAbandon() bool
		CanDeadLetter() bool
		CanClear() bool
	} = (*queues.MessagingCapabilities)(nil)
)

// The fields, by taking their addresses.
func _(q *queues.MessageQueue, e *queues.MessageEnvelope, l *queues.LockedMessage) {
	var (
		_ *queues.IMessageQueueOverrides = &q.Overrides
		_ **clog.CompositeLogger         = &q.Logger
		_ **ccount.CompositeCounters     = &q.Counters
		_ **cconn.ConnectionResolver     = &q.ConnectionResolver
		_ **cauth.CredentialResolver     = &q.CredentialResolver
		_ *sync.Mutex                    = &q.Lock

		_ *string    = &e.CorrelationId
		_ *string    = &e.MessageId
		_ *string    = &e.MessageType
		_ *time.Time = &e.SentTime
		_ *[]byte    = &e.Message

		_ **queues.MessageEnvelope = &l.Message
		_ *time.Time               = &l.ExpirationTime
		_ *time.Duration           = &l.Timeout
	)
}

func TestCompatibilityWithMessagingGox10(t *testing.T) {
	t.Parallel()

	t.Run("an envelope can be written as a literal, copied and kept by value", func(t *testing.T) {
		t.Parallel()
		envelope := queues.MessageEnvelope{
			CorrelationId: "123", MessageId: "1", MessageType: "order", SentTime: time.Now(), Message: []byte("x"),
		}
		kept := map[string]queues.MessageEnvelope{envelope.MessageId: envelope}
		loaded := kept["1"]
		loaded.MessageType = "invoice"
		require.Equal(t, "order", kept["1"].MessageType)
		require.Equal(t, "[123,invoice,x]", loaded.String())
	})

	t.Run("capabilities are never nil, where they were nil by default", func(t *testing.T) {
		t.Parallel()
		queue := queues.InheritMessageQueue(nil, "test", nil)
		require.NotNil(t, queue.Capabilities())
		require.False(t, queue.Capabilities().CanSend())
	})

	t.Run("the composites are there before Configure and SetReferences", func(t *testing.T) {
		t.Parallel()
		queue := queues.InheritMessageQueue(nil, "test", nil)
		queue.Logger.Info(t.Context(), "123", "nobody hears %s", "this")
		queue.Counters.IncrementOne(t.Context(), "test")
		connections, err := queue.ConnectionResolver.ResolveAll("123")
		require.NoError(t, err)
		require.Empty(t, connections)
		credential, err := queue.CredentialResolver.Lookup(t.Context(), "123")
		require.NoError(t, err)
		require.Nil(t, credential)
	})
}
