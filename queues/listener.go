package queues

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// Why the ctx of a receiver ends that is still in work when its listener stops.
var (
	errStopped = errors.New("listener stopped and options.drain_timeout has passed")
	errHurried = errors.New("queue closes and the ctx of Close has ended")
)

// errToldToStop is why a listener takes no more after EndListen and Close.
var errToldToStop = errors.New("listener was told to stop")

// registrationKey is the key of a value in the ctx that BeginListen hands to Listen: the *listener it has registered.
type registrationKey struct{}

// listener is one Listen: workers that take messages, hand them to the receiver and settle them.
type listener struct {
	queue         *MessageQueue
	session       *session // nil for a queue without a storage that is not open by its base
	correlationId string
	receiver      IMessageReceiver
	completer     *completer // nil: messages are completed one by one

	taking     context.Context // ends when no more messages shall be taken
	stopTaking context.CancelCauseFunc
	settling   context.Context // of what the listener does itself; ends when it is abandoned
	giveUp     context.CancelCauseFunc
	claimed    atomic.Bool   // by a Listen
	ended      chan struct{} // closed when Listen is through

	workers sync.WaitGroup
	turn    chan struct{} // holds one token: whose it is, may touch pace and ahead
	pace    pace
	ahead   []*Delivery // taken and not started

	free    atomic.Int32 // workers that are waiting for a message
	over    atomic.Bool  // the receivers in work are interrupted; no other one may begin
	mu      sync.Mutex
	hired   []*worker
	failure error
}

// Listen hands messages to receiver until it is told to stop. See IMessageQueue.
func (q *MessageQueue) Listen(ctx context.Context, correlationId string, receiver IMessageReceiver) error {
	ctx = orBackground(ctx)
	l, ok := ctx.Value(registrationKey{}).(*listener)
	if !ok || l.queue != q || !l.claimed.CompareAndSwap(false, true) {
		var err error
		if l, err = q.register(ctx, correlationId, receiver); err != nil {
			return err
		}
		l.claimed.Store(true)
	}
	defer l.end()
	if q.storage == nil {
		return l.listenToOverrides(ctx)
	}
	return l.listen(ctx)
}

// BeginListen listens in the background. See IMessageQueue.
func (q *MessageQueue) BeginListen(ctx context.Context, correlationId string, receiver IMessageReceiver) {
	ctx = apart(orBackground(ctx))
	l, err := q.register(ctx, correlationId, receiver)
	if err != nil {
		q.telemetry.Load().log(ctx, clog.LevelError, correlationId, err, "Cannot listen to queue %s", q.name)
		return
	}
	q.life.background.Go(func() {
		defer l.end()
		err := q.Overrides.Listen(context.WithValue(ctx, registrationKey{}, l), correlationId, receiver)
		if err != nil && ctx.Err() == nil {
			q.telemetry.Load().log(ctx, clog.LevelError, correlationId, err, "Listening to queue %s failed", q.name)
		}
	})
}

// EndListen ends every listener of this queue. See IMessageQueue.
func (q *MessageQueue) EndListen(ctx context.Context, correlationId string) {
	for _, l := range q.currentListeners() {
		l.stop()
	}
}

func (q *MessageQueue) currentListeners() []*listener {
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	listeners := make([]*listener, 0, len(q.life.listeners))
	for l := range q.life.listeners {
		listeners = append(listeners, l)
	}
	return listeners
}

// awaitListeners waits until every listener that is there now is through.
func (q *MessageQueue) awaitListeners() {
	for _, l := range q.currentListeners() {
		<-l.ended
	}
}

// register makes a listener that EndListen and Close know of.
func (q *MessageQueue) register(ctx context.Context, correlationId string, receiver IMessageReceiver) (*listener, error) {
	if receiver == nil {
		return nil, newError(ErrBadMessage, q.name, correlationId, "the receiver is nil", nil)
	}
	if q.storage != nil {
		if err := q.need(CapabilityReceive, correlationId); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	if q.storage != nil { // a queue without one keeps a state of its own
		if err := q.checkOpen(correlationId, false); err != nil {
			return nil, err
		}
	}
	l := &listener{
		queue:         q,
		session:       q.session.Load(),
		correlationId: correlationId,
		receiver:      receiver,
		ended:         make(chan struct{}),
		turn:          make(chan struct{}, 1),
	}
	if l.session != nil {
		l.pace = newPace(l.session.settings.prefetch, l.session.traits)
	}
	l.taking, l.stopTaking = context.WithCancelCause(ctx)
	l.settling, l.giveUp = context.WithCancelCause(context.WithoutCancel(ctx))
	if q.life.listeners == nil {
		q.life.listeners = map[*listener]struct{}{}
	}
	q.life.listeners[l] = struct{}{}
	return l, nil
}

// end strikes the listener off. Calling it again is a no-op.
func (l *listener) end() {
	life := &l.queue.life
	life.mu.Lock()
	defer life.mu.Unlock()
	if _, ok := life.listeners[l]; ok {
		delete(life.listeners, l)
		l.stopTaking(nil)
		l.giveUp(nil)
		close(l.ended)
	}
}

// stop makes the listener take no more. It does not wait.
func (l *listener) stop() { l.stopTaking(errToldToStop) }

// outcome is what a Listen that has stopped returns: nil if it was told to before ctx ended.
func (l *listener) outcome(ctx context.Context) error {
	if context.Cause(l.taking) == errToldToStop {
		return nil
	}
	return ctx.Err()
}

// listen runs the workers and, when the listener shall stop, sees to their end.
func (l *listener) listen(ctx context.Context) error {
	l.turn <- struct{}{}
	l.completer = newCompleter(l)
	l.hire()
	<-l.taking.Done()
	l.drain()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure != nil {
		return l.failure
	}
	return l.outcome(ctx)
}

// drain lets the receivers in work finish for the drain time-out, unless Close is hurried; then it ends their ctx,
// gives their messages back and waits a little more.
func (l *listener) drain() {
	idle := make(chan struct{})
	go func() {
		l.workers.Wait()
		if l.completer != nil {
			l.completer.close()
		}
		close(idle)
	}()
	timer := time.NewTimer(l.session.settings.drainTimeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
		l.interrupt(idle, errStopped)
	case <-l.session.hurried.Done():
		l.interrupt(idle, errHurried)
	}
	l.returnAhead()
}

func (l *listener) interrupt(idle <-chan struct{}, cause error) {
	giving, cancel := context.WithTimeout(context.WithoutCancel(l.settling), settleGrace)
	defer cancel()
	l.over.Store(true)
	l.mu.Lock()
	hired := l.hired
	l.mu.Unlock()
	stuck := 0
	for _, w := range hired {
		if d := w.delivery.Load(); d != nil {
			stuck++
			l.putBack(giving, d, cause)
		}
	}
	l.giveUp(cause)
	select {
	case <-idle:
	case <-giving.Done():
		if l.completer != nil {
			l.completer.giveUp()
		}
		if stuck == 0 { // it is the broker that takes too long; what it does not complete is reported
			awaitBriefly(idle)
			return
		}
		l.queue.telemetry.Load().log(l.settling, clog.LevelError, l.correlationId, nil,
			"%d receivers of queue %s do not return though their ctx has ended; their messages were given back", stuck, l.queue.name)
	}
}

// awaitBriefly waits for a storage whose ctx has ended, but not for one that does not heed it.
func awaitBriefly(idle <-chan struct{}) {
	timer := time.NewTimer(settleGrace)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

// returnAhead gives back what was taken and not started, as if it had not been taken.
func (l *listener) returnAhead() {
	giving, cancel := context.WithTimeout(context.WithoutCancel(l.settling), settleGrace)
	defer cancel()
	select {
	case <-l.turn:
	default: // a worker that does not return has it
		return
	}
	forMany(l.ahead, func(d *Delivery) { l.putBack(giving, d, errStopped) })
	l.ahead = nil
}

func (l *listener) putBack(ctx context.Context, d *Delivery, cause error) {
	if d.locks.revoke(d, cause) {
		l.queue.giveBack(ctx, d, false)
	}
}

// hire starts a worker, if there may be one more.
func (l *listener) hire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.hired) == l.session.settings.listenConcurrency {
		return
	}
	w := &worker{listener: l}
	w.renewContext()
	l.hired = append(l.hired, w)
	l.free.Add(1)
	l.workers.Go(w.run)
}

// errGoexit is the failure of a receiver that ended its goroutine, as FailNow of package testing does.
var errGoexit = errors.New("receiver called runtime.Goexit")

// replace makes up for a worker whose receiver has ended its goroutine.
func (l *listener) replace(w *worker, d *Delivery) {
	l.queue.telemetry.Load().log(l.settling, clog.LevelError, d.correlationId, errGoexit,
		"Receiver failed on delivery %d of message %s from queue %s", d.Count, d.id, l.queue.name)
	w.delivery.Store(nil)
	l.report(d, w.settle(d, errGoexit))
	l.mu.Lock()
	l.hired = slices.DeleteFunc(slices.Clone(l.hired), func(hired *worker) bool { return hired == w })
	l.mu.Unlock()
	l.hire()
}

// fail stops the listener for a reason that Listen returns.
func (l *listener) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil && l.taking.Err() == nil {
		l.failure = err
	}
	l.stopTaking(nil)
}
