package conformance

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// faultyQueue is a queue in memory that does some things wrong: each hook that is set stands in for a method.
type faultyQueue struct {
	*queues.MemoryMessageQueue

	onConfigure      func(params *cconf.ConfigParams)
	onOpen           func(ctx context.Context) error
	onClose          func(ctx context.Context) error
	onCapabilities   func() *queues.MessagingCapabilities
	onCount          func() (int64, error)
	onSend           func(ctx context.Context, envelope *queues.MessageEnvelope) error
	onSendBatch      func(ctx context.Context, envelopes []*queues.MessageEnvelope) error
	onSendDelayed    func(ctx context.Context, envelope *queues.MessageEnvelope, delay time.Duration) error
	onReceive        func(ctx context.Context, wait time.Duration) (*queues.MessageEnvelope, error)
	onReceiveBatch   func(ctx context.Context, max int, wait time.Duration) ([]*queues.MessageEnvelope, error)
	onPeek           func(ctx context.Context) (*queues.MessageEnvelope, error)
	onPeekBatch      func(ctx context.Context, count int64) ([]*queues.MessageEnvelope, error)
	onRenew          func(ctx context.Context, envelope *queues.MessageEnvelope, timeout time.Duration) error
	onComplete       func(ctx context.Context, envelope *queues.MessageEnvelope) error
	onAbandon        func(ctx context.Context, envelope *queues.MessageEnvelope) error
	onAbandonDelayed func(ctx context.Context, envelope *queues.MessageEnvelope, delay time.Duration) error
	onBury           func(ctx context.Context, envelope *queues.MessageEnvelope) error
	onDeadLetters    func() (queues.IMessageQueue, error)
	onClear          func(ctx context.Context) error
	onListen         func(ctx context.Context, receiver queues.IMessageReceiver) error
	onBeginListen    func(ctx context.Context, receiver queues.IMessageReceiver)
}

// good is the queue without its faults.
func (q *faultyQueue) good() *queues.MemoryMessageQueue { return q.MemoryMessageQueue }

func (q *faultyQueue) Configure(ctx context.Context, params *cconf.ConfigParams) {
	if q.onConfigure != nil {
		params = cconf.NewConfigParams(params.Value())
		q.onConfigure(params)
	}
	q.good().Configure(ctx, params)
}

func (q *faultyQueue) Open(ctx context.Context, correlationId string) error {
	if q.onOpen != nil {
		return q.onOpen(ctx)
	}
	return q.good().Open(ctx, correlationId)
}

func (q *faultyQueue) Close(ctx context.Context, correlationId string) error {
	if q.onClose != nil {
		return q.onClose(ctx)
	}
	return q.good().Close(ctx, correlationId)
}

func (q *faultyQueue) Capabilities() *queues.MessagingCapabilities {
	if q.onCapabilities != nil {
		return q.onCapabilities()
	}
	return q.good().Capabilities()
}

func (q *faultyQueue) ReadMessageCount() (int64, error) {
	if q.onCount != nil {
		return q.onCount()
	}
	return q.good().ReadMessageCount()
}

func (q *faultyQueue) Send(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope) error {
	if q.onSend != nil {
		return q.onSend(ctx, envelope)
	}
	return q.good().Send(ctx, correlationId, envelope)
}

func (q *faultyQueue) SendBatch(ctx context.Context, correlationId string, envelopes []*queues.MessageEnvelope) error {
	if q.onSendBatch != nil {
		return q.onSendBatch(ctx, envelopes)
	}
	return q.good().SendBatch(ctx, correlationId, envelopes)
}

func (q *faultyQueue) SendDelayed(ctx context.Context, correlationId string, envelope *queues.MessageEnvelope, delay time.Duration) error {
	if q.onSendDelayed != nil {
		return q.onSendDelayed(ctx, envelope, delay)
	}
	return q.good().SendDelayed(ctx, correlationId, envelope, delay)
}

func (q *faultyQueue) Receive(ctx context.Context, correlationId string, wait time.Duration) (*queues.MessageEnvelope, error) {
	if q.onReceive != nil {
		return q.onReceive(ctx, wait)
	}
	return q.good().Receive(ctx, correlationId, wait)
}

func (q *faultyQueue) ReceiveBatch(ctx context.Context, correlationId string, max int, wait time.Duration) ([]*queues.MessageEnvelope, error) {
	if q.onReceiveBatch != nil {
		return q.onReceiveBatch(ctx, max, wait)
	}
	return q.good().ReceiveBatch(ctx, correlationId, max, wait)
}

func (q *faultyQueue) Peek(ctx context.Context, correlationId string) (*queues.MessageEnvelope, error) {
	if q.onPeek != nil {
		return q.onPeek(ctx)
	}
	return q.good().Peek(ctx, correlationId)
}

func (q *faultyQueue) PeekBatch(ctx context.Context, correlationId string, count int64) ([]*queues.MessageEnvelope, error) {
	if q.onPeekBatch != nil {
		return q.onPeekBatch(ctx, count)
	}
	return q.good().PeekBatch(ctx, correlationId, count)
}

func (q *faultyQueue) RenewLock(ctx context.Context, envelope *queues.MessageEnvelope, timeout time.Duration) error {
	if q.onRenew != nil {
		return q.onRenew(ctx, envelope, timeout)
	}
	return q.good().RenewLock(ctx, envelope, timeout)
}

func (q *faultyQueue) Complete(ctx context.Context, envelope *queues.MessageEnvelope) error {
	if q.onComplete != nil {
		return q.onComplete(ctx, envelope)
	}
	return q.good().Complete(ctx, envelope)
}

func (q *faultyQueue) Abandon(ctx context.Context, envelope *queues.MessageEnvelope) error {
	if q.onAbandon != nil {
		return q.onAbandon(ctx, envelope)
	}
	return q.good().Abandon(ctx, envelope)
}

func (q *faultyQueue) AbandonDelayed(ctx context.Context, envelope *queues.MessageEnvelope, delay time.Duration) error {
	if q.onAbandonDelayed != nil {
		return q.onAbandonDelayed(ctx, envelope, delay)
	}
	return q.good().AbandonDelayed(ctx, envelope, delay)
}

func (q *faultyQueue) MoveToDeadLetter(ctx context.Context, envelope *queues.MessageEnvelope) error {
	if q.onBury != nil {
		return q.onBury(ctx, envelope)
	}
	return q.good().MoveToDeadLetter(ctx, envelope)
}

func (q *faultyQueue) DeadLetters() (queues.IMessageQueue, error) {
	if q.onDeadLetters != nil {
		return q.onDeadLetters()
	}
	return q.good().DeadLetters()
}

func (q *faultyQueue) Clear(ctx context.Context, correlationId string) error {
	if q.onClear != nil {
		return q.onClear(ctx)
	}
	return q.good().Clear(ctx, correlationId)
}

func (q *faultyQueue) Listen(ctx context.Context, correlationId string, receiver queues.IMessageReceiver) error {
	if q.onListen != nil {
		return q.onListen(ctx, receiver)
	}
	return q.good().Listen(ctx, correlationId, receiver)
}

func (q *faultyQueue) BeginListen(ctx context.Context, correlationId string, receiver queues.IMessageReceiver) {
	if q.onBeginListen != nil {
		q.onBeginListen(ctx, receiver)
		return
	}
	q.good().BeginListen(ctx, correlationId, receiver)
}

// receiverFunc is a receiver made of a function.
type receiverFunc func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error

func (f receiverFunc) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	return f(ctx, envelope, queue)
}

// changeReceivers makes every listener of the queue call what change makes of its receiver.
func (q *faultyQueue) changeReceivers(change func(receiver queues.IMessageReceiver) queues.IMessageReceiver) {
	changed := func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
		if receiver == nil {
			return nil
		}
		return change(receiver)
	}
	q.onListen = func(ctx context.Context, receiver queues.IMessageReceiver) error {
		return q.good().Listen(ctx, "", changed(receiver))
	}
	q.onBeginListen = func(ctx context.Context, receiver queues.IMessageReceiver) {
		q.good().BeginListen(ctx, "", changed(receiver))
	}
}

// changeReceived makes every message that comes out of the queue go through change.
func (q *faultyQueue) changeReceived(change func(envelope *queues.MessageEnvelope)) {
	q.onReceive = func(ctx context.Context, wait time.Duration) (*queues.MessageEnvelope, error) {
		envelope, err := q.good().Receive(ctx, "", wait)
		if envelope != nil {
			change(envelope)
		}
		return envelope, err
	}
	q.changeReceivers(func(receiver queues.IMessageReceiver) queues.IMessageReceiver {
		return receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
			change(envelope)
			return receiver.ReceiveMessage(ctx, envelope, queue)
		})
	})
}

// faultySubject is a kind of queue with a fault.
func faultySubject(break_ func(q *faultyQueue)) Subject {
	return Subject{
		Name:    "faulty",
		Bubble:  true,
		Bounded: true,
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			queue := &faultyQueue{MemoryMessageQueue: queues.NewMemoryMessageQueue(name)}
			break_(queue)
			queue.Configure(context.Background(), params)
			return queue
		},
	}
}

// playOne plays one case against a subject. A failure is the result, and fails nothing.
func playOne(t *testing.T, subject Subject, name string) Result {
	t.Helper()
	r := &runner{subject: subject.withDefaults(t.Name())}
	if !r.examine(t, false) {
		r.capabilities = queues.NewMemoryMessageQueue("").Capabilities()
	}
	for _, group := range suite() {
		for _, test := range group.cases {
			if group.name+"/"+test.name == name {
				return r.play(t, group, test, false)
			}
		}
	}
	t.Fatalf("there is no case %q", name)
	return Result{}
}
