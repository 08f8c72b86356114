package bench

import (
	"context"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	ctrace "github.com/pip-services3-gox/pip-services3-components-gox/trace"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

// ours is the memory queue of this repository with the default options; only what the work itself
// asks for is set: the lock time-out where locks shall run out, the concurrency of Listen.
var ours = work.Peer{
	Name:      "ours",
	Open:      openMemory,
	Locks:     true,
	Telemetry: []work.Telemetry{work.LoggerAndCounters, work.AndTracer},
}

type memoryQueue struct {
	queue *queues.MemoryMessageQueue
}

// Ids of the envelopes, as a service has them.
const (
	correlationId = "0123456789abcdef"
	messageType   = "order.created"
)

// longWait is more than any consumer waits.
const longWait = time.Minute

func openMemory(setup work.Setup) (work.Queue, error) {
	ctx := context.Background()
	queue := queues.NewMemoryMessageQueue("bench")
	options := cconf.NewEmptyConfigParams()
	if setup.LockTimeout > 0 {
		options.SetAsObject("options.lock_timeout", setup.LockTimeout.Milliseconds())
	}
	if setup.Concurrency > 0 {
		options.SetAsObject("options.listen_concurrency", setup.Concurrency)
	}
	if setup.SideBySide {
		options.SetAsObject("options.max_messages", setup.Capacity)
	}
	queue.Configure(ctx, options)
	if references := watch(ctx, setup.Telemetry); references != nil {
		queue.SetReferences(ctx, references)
	}
	return memoryQueue{queue}, queue.Open(ctx, "")
}

// watch makes the toolkit's logger, counters and tracer that the telemetry has.
func watch(ctx context.Context, telemetry work.Telemetry) cref.IReferences {
	if telemetry == "" || telemetry == work.NoTelemetry {
		return nil
	}
	logger := clog.NewConsoleLogger()
	logger.SetLevel(clog.LevelInfo)
	loggers := cref.NewReferencesFromTuples(ctx, cref.NewDescriptor("pip-services", "logger", "console", "default", "1.0"), logger)

	counters := ccount.NewLogCounters()
	counters.Configure(ctx, cconf.NewConfigParamsFromTuples("reset_timeout", 0)) // the default loses counts
	counters.SetReferences(ctx, loggers)
	references := []any{
		cref.NewDescriptor("pip-services", "logger", "console", "default", "1.0"), logger,
		cref.NewDescriptor("pip-services", "counters", "log", "default", "1.0"), counters,
	}
	if telemetry == work.AndTracer {
		tracer := ctrace.NewLogTracer()
		tracer.SetReferences(ctx, loggers)
		references = append(references, cref.NewDescriptor("pip-services", "tracer", "log", "default", "1.0"), tracer)
	}
	return cref.NewReferencesFromTuples(ctx, references...)
}

func (q memoryQueue) Send(payload []byte) error {
	return q.queue.Send(context.Background(), correlationId, queues.NewMessageEnvelope(correlationId, messageType, payload))
}

func (q memoryQueue) Receive() (any, error) {
	return q.queue.Receive(context.Background(), correlationId, longWait)
}

func (q memoryQueue) Complete(message any) error {
	return q.queue.Complete(context.Background(), message.(*queues.MessageEnvelope))
}

func (q memoryQueue) Listen(ctx context.Context, _ int, handle func(payload []byte) error) error {
	err := q.queue.Listen(ctx, correlationId, queues.NewCallbackMessageReceiver(
		func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			return handle(envelope.Message)
		}))
	return unlessEnded(ctx, err)
}

func (q memoryQueue) Close() error { return q.queue.Close(context.Background(), "") }

// unlessEnded returns err unless ctx has ended, which is how a listener is told to stop.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
