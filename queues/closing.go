package queues

import (
	"context"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// settleGrace is how long Close lets the giving back of messages, an Open that it has stopped and, after the drain
// time-out, stuck receivers take.
const settleGrace = time.Second

// Close closes the queue; a no-op if it is closed. It always returns nil. An Open that is under way ends with
// ErrNotOpened. Listeners stop as after EndListen, and Close waits for them. When ctx ends, their receivers are
// interrupted as after options.drain_timeout, even if another Close is under way already. Messages that are received
// and not settled are given back, without counting a delivery. Called from inside a receiver (with its ctx) it
// returns at once, and the queue closes when the receiver has returned and its message is settled.
func (q *MessageQueue) Close(ctx context.Context, correlationId string) error {
	ctx = orBackground(ctx)
	caller := q.openingOf(ctx)
	q.life.mu.Lock()
	stopped := q.stopOpenings(caller)
	s := q.session.Load()
	switch q.state.Load() {
	case stateClosed:
		q.life.mu.Unlock()
		q.awaitOpenings(ctx, correlationId, stopped)
		return nil
	case stateOpen:
		q.state.Store(stateClosing)
		s.end()
		for listener := range q.life.listeners { // at once: the receiver that calls this gets no other message
			listener.stop()
		}
		if s.dead != nil {
			s.dead.EndListen(ctx, correlationId)
		}
		go q.shutDown(context.WithoutCancel(apart(ctx)), correlationId, s)
	}
	q.life.mu.Unlock()

	fromReceiver, inWork := receivingOf(ctx, q, s.dead)
	if inWork {
		return nil
	}
	hurry := ctx.Done()
	if fromReceiver { // its ctx ends because its listener stops
		hurry = nil
	}
	select {
	case <-s.closed:
	case <-hurry:
		s.hurry()
		<-s.closed
	}
	return nil
}

// shutDown stops what the queue runs, gives back what it holds, and closes the storage. Close and Open
// wait for it by the session's closed.
func (q *MessageQueue) shutDown(ctx context.Context, correlationId string, s *session) {
	defer close(s.closed)
	if s.dead != nil {
		defer context.AfterFunc(s.hurried, s.dead.session.Load().hurry)()
	}
	q.awaitListeners()
	if s.dead != nil {
		s.dead.awaitListeners() // whose receivers may still send to this queue
	}

	giving, cancel := context.WithTimeout(ctx, settleGrace)
	defer cancel()
	s.calls.close(giving)
	if s.locks != nil {
		forMany(s.locks.empty(true), func(d *Delivery) { q.giveBack(giving, d, d.wasParked) })
	}
	s.stopKeeper()
	q.life.background.Wait()
	telemetry := q.telemetry.Load()
	if q.storage != nil {
		if err := q.storage.Close(giving); err != nil {
			telemetry.log(ctx, clog.LevelWarn, correlationId, q.redact(err), "Closing queue %s left something behind", q.name)
		}
	}
	if s.dead != nil {
		_ = s.dead.Close(ctx, correlationId) // which does not fail
	}
	telemetry.tally.pause()
	telemetry.log(ctx, clog.LevelDebug, correlationId, nil, "Closed queue %s", q.name)

	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	q.state.Store(stateClosed)
}
