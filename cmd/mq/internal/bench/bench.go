// Package bench measures a queue: how many messages a second go through, and how long one takes.
package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/time/rate"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Plan is what to measure.
type Plan struct {
	Messages  int64         // how many; 0: as many as Duration lets
	Duration  time.Duration // how long to send; 0: until Messages are sent
	Producers int           // that send at a time
	Consumers int           // messages in work at a time; options.listen_concurrency must be set to it
	Size      int           // of the payload, in bytes
	Rate      float64       // messages a second; 0: as fast as it goes
}

// Result is what was measured.
type Result struct {
	Sent, Received int64
	Sending        time.Duration           // from the first to the last Send
	Total          time.Duration           // until the last was received
	Send           *hdrhistogram.Histogram // time that Send takes, in microseconds
	Through        *hdrhistogram.Histogram // time from before Send until the receiver has it, in microseconds
}

// ErrForeign says that the queue holds messages of somebody else, which a benchmark must not take.
var ErrForeign = errors.New("a message that is not of this benchmark has come")

// Headers of the messages.
const (
	headerRun  = "mq_bench"
	headerSent = "mq_bench_sent"
)

// patience is how long to wait for messages that were sent and do not come.
const patience = 10 * time.Second

const correlationId = "mq"

type run struct {
	plan      Plan
	queue     queues.IMessageQueue
	id        string
	tickets   atomic.Int64
	sent      atomic.Int64
	received  atomic.Int64
	progress  func(int64)
	stop      context.CancelCauseFunc
	came      chan struct{}
	mu        sync.Mutex // of result
	result    Result
	producing time.Time
}

// Run sends and receives. When ctx ends it stops sending, and receives what was sent. progress is called for
// each message that went through.
func Run(ctx context.Context, queue queues.IMessageQueue, plan Plan, progress func(int64)) (Result, error) {
	r := &run{plan: plan, queue: queue, id: queues.NewMessageEnvelope("", "", nil).MessageId, progress: progress, came: make(chan struct{}, 1)}
	r.result.Send, r.result.Through = newHistogram(), newHistogram()
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.stop = stop

	listening, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	listener := make(chan error, 1)
	go func() {
		listener <- queue.Listen(listening, correlationId, queues.NewCallbackMessageReceiver(r.receive))
	}()

	r.producing = time.Now()
	r.produce(working)
	r.result.Sending = time.Since(r.producing)
	failure := r.await(working, listener)
	r.result.Total = time.Since(r.producing)
	end()
	if err := <-listener; failure == nil && !errors.Is(err, context.Canceled) {
		failure = err
	}
	r.result.Sent, r.result.Received = r.sent.Load(), r.received.Load()
	if cause := context.Cause(working); failure == nil && cause != nil {
		failure = cause
	}
	return r.result, failure
}

// Histograms reach from a microsecond to ten minutes with three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, (10 * time.Minute).Microseconds(), 3)
}

func (r *run) produce(ctx context.Context) {
	if r.plan.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.plan.Duration)
		defer cancel()
	}
	limit := rate.NewLimiter(rate.Inf, 1)
	if r.plan.Rate > 0 {
		limit = rate.NewLimiter(rate.Limit(r.plan.Rate), 1)
	}
	payload := make([]byte, r.plan.Size)
	for i := range payload {
		payload[i] = "mq bench "[i%9]
	}
	var producers sync.WaitGroup
	for range r.plan.Producers {
		producers.Go(func() { r.send(ctx, limit, payload) })
	}
	producers.Wait()
}

// send is a producer.
func (r *run) send(ctx context.Context, limit *rate.Limiter, payload []byte) {
	times := newHistogram()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.result.Send.Merge(times)
	}()
	for {
		if limit.Wait(ctx) != nil || ctx.Err() != nil {
			return
		}
		if r.plan.Messages > 0 && r.tickets.Add(1) > r.plan.Messages {
			return
		}
		message := queues.NewMessageEnvelope(correlationId, "mq_bench", payload)
		started := time.Now()
		message.Headers = map[string]string{headerRun: r.id, headerSent: started.Format(time.RFC3339Nano)}
		// The end of ctx is heeded between messages: what was sent must be known, for it is waited for.
		if err := r.queue.Send(context.WithoutCancel(ctx), correlationId, message); err != nil {
			r.stop(fmt.Errorf("after %d messages: %w", r.sent.Load(), err))
			return
		}
		r.sent.Add(1)
		_ = times.RecordValue(max(1, time.Since(started).Microseconds())) // longer than ten minutes: not counted
	}
}

// receive is what a service would be.
func (r *run) receive(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
	if envelope.Headers[headerRun] != r.id {
		r.stop(ErrForeign)
		return ErrForeign
	}
	sent, err := time.Parse(time.RFC3339Nano, envelope.Headers[headerSent])
	if err == nil {
		r.mu.Lock()
		_ = r.result.Through.RecordValue(max(1, time.Since(sent).Microseconds()))
		r.mu.Unlock()
	}
	r.received.Add(1)
	r.progress(1)
	select {
	case r.came <- struct{}{}:
	default:
	}
	return nil
}

// await waits until everything has come, or nothing does any more.
func (r *run) await(ctx context.Context, listener chan error) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for r.received.Load() < r.sent.Load() {
		select {
		case <-r.came:
			timer.Reset(patience)
		case err := <-listener:
			listener <- nil
			return fmt.Errorf("the listener has ended: %w", err)
		case <-timer.C:
			return fmt.Errorf("%d of %d messages have not come within %s of the last", r.sent.Load()-r.received.Load(), r.sent.Load(), patience)
		}
		if errors.Is(context.Cause(ctx), ErrForeign) {
			return ErrForeign
		}
	}
	return nil
}
