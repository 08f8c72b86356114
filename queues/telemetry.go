package queues

import (
	"context"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	ctrace "github.com/pip-services3-gox/pip-services3-components-gox/trace"
)

// telemetry is the loggers, counters and tracers of a queue, found once. The composites of the toolkit
// format every message and fan out to no one at the same price, so the hot path asks here first.
// It never logs payloads or credentials.
type telemetry struct {
	component string // what the queue is called in counters, traces and logs
	loggers   []clog.ILogger
	tally     *tally
	tracers   []ctrace.ITracer
}

func newTelemetry(queue string, references cref.IReferences) *telemetry {
	component := "queue." + queue
	return &telemetry{
		component: component,
		loggers:   componentsOf[clog.ILogger](references, "logger"),
		tally:     newTally(component, componentsOf[ccount.ICounters](references, "counters")),
		tracers:   componentsOf[ctrace.ITracer](references, "tracer"),
	}
}

func componentsOf[T any](references cref.IReferences, kind string) (found []T) {
	if references == nil {
		return nil
	}
	for _, component := range references.GetOptional(cref.NewDescriptor("*", kind, "*", "*", "*")) {
		if match, ok := component.(T); ok {
			found = append(found, match)
		}
	}
	return found
}

// wants tells whether some logger writes messages of that level. Callers ask before they compose one.
func (t *telemetry) wants(level clog.LevelType) bool {
	for _, logger := range t.loggers {
		if level <= logger.Level() {
			return true
		}
	}
	return false
}

func (t *telemetry) log(ctx context.Context, level clog.LevelType, correlationId string, err error, format string, args ...any) {
	for _, logger := range t.loggers {
		if level <= logger.Level() {
			logger.Log(ctx, level, correlationId, err, format, args...)
		}
	}
}

// message logs, at debug level, what was done with a message.
func (t *telemetry) message(ctx context.Context, doing string, envelope *MessageEnvelope) {
	if len(t.loggers) > 0 && t.wants(clog.LevelDebug) {
		t.log(ctx, clog.LevelDebug, envelope.CorrelationId, nil, "%s message %s of type %s, %d bytes, on %s",
			doing, envelope.MessageId, orDashes(envelope.MessageType), len(envelope.Message), t.component)
	}
}

// settled logs, at debug level, how a delivery ended. The envelope is the user's and is not looked at.
func (t *telemetry) settled(ctx context.Context, doing string, d *Delivery) {
	if len(t.loggers) > 0 && t.wants(clog.LevelDebug) {
		t.log(ctx, clog.LevelDebug, d.correlationId, nil, "%s message %s, delivery %d, on %s", doing, d.id, d.Count, t.component)
	}
}

func (t *telemetry) count(ctx context.Context, which counter, by int64) { t.tally.add(ctx, which, by) }

// begin starts the time of a trace; zero when nobody traces.
func (t *telemetry) begin() (started time.Time) {
	if len(t.tracers) > 0 {
		started = time.Now()
	}
	return started
}

func (t *telemetry) trace(ctx context.Context, correlationId, operation string, started time.Time, err error) {
	if started.IsZero() {
		return
	}
	elapsed := time.Since(started).Milliseconds()
	for _, tracer := range t.tracers {
		if err != nil {
			tracer.Failure(ctx, correlationId, t.component, operation, err, elapsed)
		} else {
			tracer.Trace(ctx, correlationId, t.component, operation, elapsed)
		}
	}
}
