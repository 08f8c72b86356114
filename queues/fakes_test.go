package queues_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	ctrace "github.com/pip-services3-gox/pip-services3-components-gox/trace"
)

// counters keeps what it counts in a map.
type counters struct {
	ccount.ICounters // nil: only counting is expected

	mu     sync.Mutex
	values map[string]int64
}

func newCounters() *counters { return &counters{values: map[string]int64{}} }

func (c *counters) Increment(_ context.Context, name string, value int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[name] += value
}

func (c *counters) IncrementOne(ctx context.Context, name string) { c.Increment(ctx, name, 1) }

func (c *counters) value(name string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[name]
}

// of returns the counters of a queue that are not zero, by the last part of their names.
func (c *counters) of(queue string) map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]int64{}
	for name, value := range c.values {
		if short, ok := strings.CutPrefix(name, "queue."+queue+"."); ok && value != 0 && !strings.Contains(short, ".") {
			found[short] = value
		}
	}
	return found
}

func (c *counters) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.values))
}

// logger keeps what is written to it, formatted, one message a line.
type logger struct {
	level clog.LevelType

	mu    sync.Mutex
	lines []string
}

func newLogger(level clog.LevelType) *logger { return &logger{level: level} }

func (l *logger) Level() clog.LevelType         { return l.level }
func (l *logger) SetLevel(level clog.LevelType) { l.level = level }

func (l *logger) Log(_ context.Context, level clog.LevelType, correlationId string, err error, message string, args ...any) {
	if level > l.level {
		return
	}
	line := fmt.Sprintf("%s [%s] %s", clog.LevelConverter.ToString(level), correlationId, fmt.Sprintf(message, args...))
	if err != nil {
		line += ": " + err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logger) Fatal(ctx context.Context, correlationId string, err error, message string, args ...any) {
	l.Log(ctx, clog.LevelFatal, correlationId, err, message, args...)
}

func (l *logger) Error(ctx context.Context, correlationId string, err error, message string, args ...any) {
	l.Log(ctx, clog.LevelError, correlationId, err, message, args...)
}

func (l *logger) Warn(ctx context.Context, correlationId string, message string, args ...any) {
	l.Log(ctx, clog.LevelWarn, correlationId, nil, message, args...)
}

func (l *logger) Info(ctx context.Context, correlationId string, message string, args ...any) {
	l.Log(ctx, clog.LevelInfo, correlationId, nil, message, args...)
}

func (l *logger) Debug(ctx context.Context, correlationId string, message string, args ...any) {
	l.Log(ctx, clog.LevelDebug, correlationId, nil, message, args...)
}

func (l *logger) Trace(ctx context.Context, correlationId string, message string, args ...any) {
	l.Log(ctx, clog.LevelTrace, correlationId, nil, message, args...)
}

func (l *logger) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// tracer keeps "component operation", with " failed" for failures.
type tracer struct {
	ctrace.ITracer // nil: only Trace and Failure are expected

	mu         sync.Mutex
	operations []string
}

func (t *tracer) Trace(_ context.Context, _, component, operation string, _ int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations = append(t.operations, component+" "+operation)
}

func (t *tracer) Failure(ctx context.Context, correlationId, component, operation string, _ error, elapsed int64) {
	t.Trace(ctx, correlationId, component, operation+" failed", elapsed)
}

// take returns what was traced since the last call.
func (t *tracer) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	operations := t.operations
	t.operations = nil
	return operations
}

// referencesTo makes references to components, each under a descriptor of its kind.
func referencesTo(t testing.TB, components ...any) *cref.References {
	t.Helper()
	references := cref.NewReferences(t.Context(), nil)
	for i, component := range components {
		kind := ""
		switch component.(type) {
		case ccount.ICounters:
			kind = "counters"
		case clog.ILogger:
			kind = "logger"
		case ctrace.ITracer:
			kind = "tracer"
		default:
			t.Fatalf("no descriptor is known for %T", component)
		}
		references.Put(t.Context(), cref.NewDescriptor("test", kind, "fake", fmt.Sprint(i), "1.0"), component)
	}
	return references
}
