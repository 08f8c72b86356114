package conformance

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// errReceiver is what receivers of the suite fail with.
var errReceiver = errors.New("the receiver cannot handle it")

// failingReceiver makes a receiver that fails every time.
func failingReceiver() *test.TestMessageReceiver {
	receiver := test.NewTestMessageReceiver()
	receiver.FailWith(errReceiver)
	return receiver
}

// workshop is a receiver whose work the case does by hand: each message is a job that lasts until the
// case ends it, or until its ctx ends.
type workshop struct {
	s    *scene
	jobs chan *job
}

// job is one message in work.
type job struct {
	ctx      context.Context
	envelope *queues.MessageEnvelope
	queue    queues.IMessageQueue
	outcome  chan error
}

func newWorkshop(s *scene) *workshop {
	return &workshop{s: s, jobs: make(chan *job, 100_000)}
}

// ReceiveMessage makes a job of the message and waits for its end.
func (w *workshop) ReceiveMessage(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	work := &job{ctx: ctx, envelope: envelope, queue: queue, outcome: make(chan error, 1)}
	w.jobs <- work
	select {
	case outcome := <-work.outcome:
		return outcome
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// next waits for the next job.
func (w *workshop) next() *job { return result(w.s, w.jobs, "the receiver is called") }

// nextText waits for the next job, which has that payload and comes for the count-th time.
func (w *workshop) nextText(payload string, count int) *job {
	work := w.next()
	require.Equal(w.s, payload, work.envelope.GetMessageAsString(), "payload of the message in work")
	require.Equal(w.s, count, work.envelope.DeliveryCount, "DeliveryCount of the message in work")
	return work
}

// nextJobs waits for n jobs.
func (w *workshop) nextJobs(n int) []*job {
	jobs := make([]*job, n)
	for i := range jobs {
		jobs[i] = w.next()
	}
	return jobs
}

// none checks that no message comes into work for now.
func (w *workshop) none() {
	w.s.settle()
	select {
	case work := <-w.jobs:
		require.Fail(w.s, "message comes into work", "%q, delivery %d", work.envelope.GetMessageAsString(), work.envelope.DeliveryCount)
	default:
	}
	if !w.s.subject.Bubble {
		silent(w.s, w.jobs, "no message comes into work")
	}
}

// end makes the receiver return.
func (j *job) end(outcome error) { j.outcome <- outcome }

// listen listens in a goroutine, and returns what Listen returns.
func (s *scene) listen(ctx context.Context, queue queues.IMessageQueue, receiver queues.IMessageReceiver) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- queue.Listen(ctx, testCorrelation, receiver) }()
	s.settle()
	return ended
}
