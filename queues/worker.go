package queues

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// worker works on one message at a time.
type worker struct {
	listener *listener
	slots    []Delivery
	delivery atomic.Pointer[Delivery] // in work

	ctx     context.Context // of the receiver; the same for many messages, until it had to be ended
	endWork context.CancelCauseFunc
}

func (w *worker) renewContext() {
	w.ctx, w.endWork = context.WithCancelCause(w.listener.settling)
	w.ctx = withReceiving(w.ctx, w.listener.queue, &w.delivery)
}

func (w *worker) run() {
	l := w.listener
	defer func() {
		w.endWork(context.Canceled)
		if d := w.delivery.Load(); d != nil {
			l.replace(w, d)
		}
	}()
	for {
		d := w.next()
		if d == nil {
			return
		}
		if l.free.Add(-1) == 0 {
			l.hire()
		}
		w.handle(d)
		l.free.Add(1)
		if w.ctx.Err() != nil {
			w.renewContext()
		}
	}
}

// handle works on a message, unless the receivers in work are interrupted already: that may have missed this one.
func (w *worker) handle(d *Delivery) {
	w.delivery.Store(d)
	if w.listener.over.Load() {
		w.putBack(d)
	} else {
		w.work(d)
	}
	w.delivery.Store(nil)
}

// next takes the next message, and waits for it; nil when the listener stops.
func (w *worker) next() *Delivery {
	l := w.listener
	if !l.pace.looksAhead() {
		d := w.take(1)
		if d != nil && l.taking.Err() != nil {
			w.putBack(d)
			return nil
		}
		return d
	}
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	case <-l.taking.Done():
		return nil
	}
	if l.taking.Err() != nil {
		return nil // what is ahead is given back by drain
	}
	if len(l.ahead) > 0 {
		d := l.ahead[0]
		l.ahead[0] = nil
		l.ahead = l.ahead[1:]
		return d
	}
	d := w.take(l.pace.next())
	if d != nil && l.taking.Err() != nil {
		l.ahead = append([]*Delivery{d}, l.ahead...)
		return nil
	}
	return d
}

// putBack gives back a message that came too late to be worked on.
func (w *worker) putBack(d *Delivery) {
	giving, cancel := context.WithTimeout(context.WithoutCancel(w.listener.settling), settleGrace)
	defer cancel()
	w.listener.putBack(giving, d, errStopped)
}

// Bounds of the delay between attempts to take while the broker fails.
const (
	minTakeDelay = 100 * time.Millisecond
	maxTakeDelay = 5 * time.Second
)

// take takes up to max messages and returns the first; the others go ahead. It tries again, ever more
// slowly, while the broker fails; nil when the listener stops.
func (w *worker) take(max int) *Delivery {
	l := w.listener
	q := l.queue
	how := taking{wait: true, renewed: l.session.settings.autoRenew}
	if max == 1 {
		how.cancel = w.endWork
	}
	for delay := minTakeDelay; l.taking.Err() == nil; delay = min(2*delay, maxTakeDelay) {
		if len(w.slots) == 0 {
			w.slots = q.newDeliveries(max)
		}
		n, err := q.take(l.taking, l.session, l.correlationId, w.slots, how)
		if n > 0 {
			if l.pace.looksAhead() {
				l.pace.took(n)
			}
			taken := w.slots[:n]
			w.slots = w.slots[n:]
			for i := range taken[1:] {
				l.ahead = append(l.ahead, &taken[1+i])
			}
			return &taken[0]
		}
		if q.state.Load() != stateOpen {
			l.stop()
		}
		if l.taking.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrNotOpened) || errors.Is(err, ErrNotSupported) || errors.Is(err, ErrBadConfig) {
			l.fail(err)
			return nil
		}
		q.telemetry.Load().log(l.settling, clog.LevelError, l.correlationId, err, "Receiving from queue %s failed; trying again in %s", q.name, delay)
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-l.taking.Done():
			timer.Stop()
		}
	}
	return nil
}

// work hands one message to the receiver and settles it by the outcome.
func (w *worker) work(d *Delivery) {
	l := w.listener
	q := l.queue
	if l.pace.looksAhead() && !d.locks.start(d, w.endWork) {
		return // its lock was lost while it waited to be started
	}
	telemetry := q.telemetry.Load()
	started := telemetry.begin()
	outcome := receive(w.ctx, l.receiver, d.open(), q.Overrides)
	telemetry.trace(w.ctx, d.correlationId, "process", started, outcome)
	if outcome != nil {
		var stack []byte
		if panicked, ok := errors.AsType[*panicError](outcome); ok {
			stack = append([]byte{'\n'}, panicked.stack...)
		}
		telemetry.log(l.settling, clog.LevelError, d.correlationId, outcome,
			"Receiver failed on delivery %d of message %s from queue %s%s", d.Count, d.id, q.name, stack)
	}
	l.report(d, w.settle(d, outcome))
}

// settle ends a delivery by the receiver's outcome, unless the receiver has settled it.
func (w *worker) settle(d *Delivery, outcome error) error {
	l := w.listener
	q := l.queue
	if outcome == nil && !l.session.settings.autoComplete {
		d.locks.finish(d)
		return nil
	}
	if done, err := d.locks.begin(d); done || err != nil {
		return err
	}
	switch {
	case outcome == nil && l.completer != nil:
		return l.completer.add(d)
	case outcome == nil:
		return q.complete(l.settling, d)
	default:
		if reason := q.reasonToDie(l.session, d, outcome); reason != "" {
			d.settled.Store(true)
			q.buryOrPark(l.settling, d, afterParking{reason: reason, cause: outcome})
			return nil
		}
		return q.abandon(l.settling, d, l.session.settings.backOff(d.Count), outcome)
	}
}

// panicError is a panic of a receiver.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("receiver panicked: %v", e.value) }

// receive calls the receiver; a panic comes back as an error.
func receive(ctx context.Context, receiver IMessageReceiver, envelope *MessageEnvelope, queue IMessageQueue) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value, debug.Stack()}
		}
	}()
	return receiver.ReceiveMessage(ctx, envelope, queue)
}
