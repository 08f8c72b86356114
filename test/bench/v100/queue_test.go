package v100

import (
	"context"
	"sync"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// messaging10 is the memory queue of messaging-gox 1.0, which has no options. It hands over the
// sender's own envelope, its locks never run out, and a consumer that finds nothing sleeps for 100 ms.
var messaging10 = work.Peer{
	Name:       "v1.0.0",
	Open:       openQueue,
	PollPeriod: 100 * time.Millisecond,
	Telemetry:  []work.Telemetry{work.LoggerAndCounters},
}

type queue struct {
	*queues.MemoryMessageQueue
}

// Ids of the envelopes, as a service has them.
const (
	correlationId = "0123456789abcdef"
	messageType   = "order.created"
)

// wait is how long Receive is asked to wait. In fact it waits a million times longer.
const wait = time.Second

func openQueue(setup work.Setup) (work.Queue, error) {
	ctx := context.Background()
	q := queues.NewMemoryMessageQueue("bench")
	if setup.Telemetry == work.LoggerAndCounters {
		logger := clog.NewConsoleLogger()
		logger.SetLevel(clog.LevelInfo)
		counters := ccount.NewLogCounters()
		counters.Configure(ctx, cconf.NewConfigParamsFromTuples("reset_timeout", 0)) // the default loses counts
		q.SetReferences(ctx, cref.NewReferencesFromTuples(ctx,
			cref.NewDescriptor("pip-services", "logger", "console", "default", "1.0"), logger,
			cref.NewDescriptor("pip-services", "counters", "log", "default", "1.0"), counters,
		))
	}
	return queue{q}, q.Open(ctx, "")
}

func (q queue) Send(payload []byte) error {
	return q.MemoryMessageQueue.Send(context.Background(), correlationId, queues.NewMessageEnvelope(correlationId, messageType, payload))
}

func (q queue) Receive() (any, error) {
	return q.MemoryMessageQueue.Receive(context.Background(), correlationId, wait)
}

func (q queue) Complete(message any) error {
	return q.MemoryMessageQueue.Complete(context.Background(), message.(*queues.MessageEnvelope))
}

// Listen starts a listener for each message that shall be in work at a time: one works on one.
func (q queue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	receiver := receiverFunc(func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
		if err := handle(envelope.Message); err != nil {
			return queue.Abandon(ctx, envelope)
		}
		return queue.Complete(ctx, envelope)
	})
	var listeners sync.WaitGroup
	for range concurrency {
		listeners.Go(func() { _ = q.MemoryMessageQueue.Listen(ctx, correlationId, receiver) })
	}
	ended := make(chan struct{})
	go func() {
		listeners.Wait()
		close(ended)
	}()
	<-ctx.Done()
	for {
		// A listener sees that it shall end when it gets a message, and forgets it if it had just begun.
		q.EndListen(ctx, correlationId)
		if err := q.Send(nil); err != nil {
			return err
		}
		select {
		case <-ended:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (q queue) Close() error { return q.MemoryMessageQueue.Close(context.Background(), "") }

type receiverFunc func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error

func (f receiverFunc) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	return f(ctx, envelope, queue)
}
