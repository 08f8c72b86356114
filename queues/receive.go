package queues

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// Receive takes and locks the next ready message. See IMessageQueue.
func (q *MessageQueue) Receive(ctx context.Context, correlationId string, waitTimeout time.Duration) (*MessageEnvelope, error) {
	taken := q.newDeliveries(1)
	n, err := q.receive(ctx, correlationId, taken, waitTimeout)
	if n == 0 {
		return nil, err
	}
	return taken[0].open(), nil
}

// BatchReceiver is a queue that receives several messages in one step.
type BatchReceiver interface {
	// ReceiveBatch takes and locks up to max ready messages. With none ready it waits up to wait for
	// the first; it does not wait for more. An empty list when there are none or max is below 1.
	ReceiveBatch(ctx context.Context, correlationId string, max int, wait time.Duration) ([]*MessageEnvelope, error)
}

// ReceiveBatch receives up to max messages through the queue's own ReceiveBatch, or one by one: it
// waits up to wait for the first and takes those that are ready then. An empty list when there are none
// or max is below 1. Each message is locked and settled on its own. Errors: as Receive; messages taken
// before a failure are returned without it.
func ReceiveBatch(ctx context.Context, queue IMessageQueue, correlationId string, max int, wait time.Duration) ([]*MessageEnvelope, error) {
	if receiver, ok := queue.(BatchReceiver); ok {
		return receiver.ReceiveBatch(ctx, correlationId, max, wait)
	}
	if queue == nil {
		return []*MessageEnvelope{}, errNoQueue(correlationId)
	}
	return receiveEach(ctx, queue, correlationId, max, wait)
}

func receiveEach(ctx context.Context, queue IMessageQueue, correlationId string, max int, wait time.Duration) ([]*MessageEnvelope, error) {
	envelopes := []*MessageEnvelope{}
	for len(envelopes) < max {
		envelope, err := queue.Receive(ctx, correlationId, wait)
		if err != nil && len(envelopes) == 0 {
			return envelopes, err
		}
		if err != nil || envelope == nil {
			break
		}
		envelopes = append(envelopes, envelope)
		wait = 0
	}
	return envelopes, nil
}

// maxBatch bounds what one ReceiveBatch asks of a storage.
const maxBatch = 1000

// ReceiveBatch takes and locks up to max ready messages. See BatchReceiver.
func (q *MessageQueue) ReceiveBatch(ctx context.Context, correlationId string, max int, wait time.Duration) ([]*MessageEnvelope, error) {
	if q.storage == nil {
		return receiveEach(ctx, q.Overrides, correlationId, max, wait)
	}
	if max < 1 {
		return []*MessageEnvelope{}, q.checkCall(orBackground(ctx), correlationId, CapabilityReceive)
	}
	taken := q.newDeliveries(min(max, maxBatch))
	n, err := q.receive(ctx, correlationId, taken, wait)
	envelopes := make([]*MessageEnvelope, n)
	for i := range envelopes {
		envelopes[i] = taken[i].open()
	}
	return envelopes, err
}

// receive takes and locks deliveries for a user who asks.
func (q *MessageQueue) receive(ctx context.Context, correlationId string, taken []Delivery, wait time.Duration) (int, error) {
	ctx = orBackground(ctx)
	if err := q.need(CapabilityReceive, correlationId); err != nil {
		return 0, err
	}
	if err := q.checkOpen(correlationId, false); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	telemetry := q.telemetry.Load()
	started := telemetry.begin()

	var n int
	var err error
	s := q.session.Load()
	if wait <= 0 || s.traits.Local {
		n, err = q.take(ctx, s, correlationId, taken, takeNow)
	}
	if n == 0 && err == nil && wait > 0 {
		n, err = q.takeWithin(ctx, s, correlationId, taken, wait)
	}
	if n > 0 || err != nil {
		telemetry.trace(ctx, correlationId, "receive", started, err)
	}
	return n, err
}

// takeWithin takes deliveries, waiting up to wait, and no longer than ctx and the queue live.
func (q *MessageQueue) takeWithin(ctx context.Context, s *session, correlationId string, taken []Delivery, wait time.Duration) (int, error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer context.AfterFunc(s.ending, cancel)()

	n, err := q.take(waiting, s, correlationId, taken, takeWaiting)
	switch {
	case n > 0:
		return n, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case s.ending.Err() != nil:
		return 0, q.closedMeanwhile(correlationId)
	case waiting.Err() != nil:
		return 0, nil
	default:
		return 0, err
	}
}

// taking is how to take messages.
type taking struct {
	wait    bool
	renewed bool                    // keep their locks up
	cancel  context.CancelCauseFunc // called when a lock is lost; may be nil
}

var (
	takeNow     = taking{}
	takeWaiting = taking{wait: true}
)

// take takes deliveries from the storage and locks them. Those that have been delivered too often
// already go to the dead-letter queue instead.
func (q *MessageQueue) take(ctx context.Context, s *session, correlationId string, taken []Delivery, how taking) (int, error) {
	if !s.calls.enter() {
		return 0, q.closedMeanwhile(correlationId)
	}
	defer s.calls.leave()
	for {
		n, err := q.storage.Take(ctx, taken, how.wait)
		if err != nil {
			return 0, q.fail(ctx, correlationId, "receiving", err)
		}
		if n == 0 {
			return 0, nil
		}
		n = q.sortOut(s, taken[:n])
		if n == 0 {
			clear(taken) // what was in them is in the dead-letter queue, or on its way there
			continue
		}
		_, originals := q.storage.(OriginalKeeper)
		pristine := !originals && q.deadLetters.exist()
		for i := range n {
			taken[i].keep(s.locks, pristine)
		}
		telemetry := q.telemetry.Load()
		if telemetry.wants(clog.LevelDebug) {
			for i := range n {
				telemetry.message(ctx, "Received", &taken[i].Message)
			}
		}
		if q.state.Load() != stateOpen || !s.locks.hold(taken[:n], how.renewed, how.cancel) {
			q.takeBack(ctx, taken[:n])
			return 0, q.closedMeanwhile(correlationId)
		}
		telemetry.count(ctx, countReceived, int64(n))
		return n, nil
	}
}

// closedMeanwhile is the error of a call during which the queue was closed, also if it is open again.
func (q *MessageQueue) closedMeanwhile(correlationId string) error {
	return newError(ErrNotOpened, q.name, correlationId, "it was closed meanwhile", nil)
}

// sortOut moves deliveries of messages that have had all their deliveries already, as after the crash
// of a process in its last one, to the dead-letter queue, and returns how many are left at the front.
func (q *MessageQueue) sortOut(s *session, taken []Delivery) int {
	left := 0
	for i := range taken {
		if s.settings.isSpent(taken[i].Count-1) && q.deadLetters.exist() {
			spent := &Delivery{Message: taken[i].Message, Count: taken[i].Count - 1, Handle: taken[i].Handle}
			spent.keep(s.locks, false)
			spent.pristine = &spent.Message // which nobody else has
			q.buryOrPark(s.keeping, spent, afterParking{reason: ReasonMaxDeliveries})
			continue
		}
		if left != i {
			taken[left].Message, taken[left].Count, taken[left].Handle = taken[i].Message, taken[i].Count, taken[i].Handle
		}
		left++
	}
	return left
}

// togetherAtMost is how many deliveries are given back, or have their locks extended, at a time: there is little time for
// hundreds of them, and a broker that writes each to its disk writes those that come together with one stroke. A few go in
// their order.
const togetherAtMost = 16

// forMany calls do for every delivery, several at a time if there are more than a few.
func forMany(deliveries []*Delivery, do func(*Delivery)) {
	if len(deliveries) <= togetherAtMost {
		for _, d := range deliveries {
			do(d)
		}
		return
	}
	var doing sync.WaitGroup
	var next atomic.Int64
	for range min(togetherAtMost, (len(deliveries)+togetherAtMost-1)/togetherAtMost) {
		doing.Go(func() {
			for i := next.Add(1); i <= int64(len(deliveries)); i = next.Add(1) {
				do(deliveries[i-1])
			}
		})
	}
	doing.Wait()
}

// takeBack returns deliveries that could not be locked any more to the storage, uncounted.
func (q *MessageQueue) takeBack(ctx context.Context, taken []Delivery) {
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleGrace)
	defer cancel()
	for i := range taken {
		q.giveBack(giving, &taken[i], false)
	}
}

// giveBack returns a delivery that is nobody's any more to the storage.
func (q *MessageQueue) giveBack(ctx context.Context, d *Delivery, counted bool) {
	if err := q.storage.Release(ctx, d.Handle, counted); err != nil && !errors.Is(err, ErrLockLost) {
		q.telemetry.Load().log(ctx, clog.LevelWarn, d.correlationId, q.redact(err),
			"Could not give message %s back to queue %s; it comes again when the broker ends its lock", d.id, q.name)
	}
}
