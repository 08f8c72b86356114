package queues

import (
	"context"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
)

// opening is an Open that is under way, or waits for its turn.
type opening struct {
	cancel  context.CancelFunc
	stopped bool          // by Close; guarded by life.mu
	over    chan struct{} // closed when it is through
}

// openingKey is the key of a value in the ctx of an Open: its *opening.
type openingKey struct{}

// openingOf returns the Open of this queue that ctx was made for; nil if there is none, or it has returned.
func (q *MessageQueue) openingOf(ctx context.Context) *opening {
	o, _ := ctx.Value(openingKey{}).(*opening)
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	if _, ok := q.life.openings[o]; ok {
		return o
	}
	return nil
}

// inTurn calls open, which opens a closed queue: when no other Open is under way any more, nor a Close, and with
// the configuration that was given by then. A Close that is called meanwhile ends it, with ErrNotOpened.
func (q *MessageQueue) inTurn(ctx context.Context, correlationId string, open func(ctx context.Context) error) error {
	if q.storage == nil || q.openingOf(ctx) != nil { // a queue that sees to itself, or OpenWithParams of an Open
		return open(ctx)
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	o := &opening{cancel: cancel, over: make(chan struct{})}
	q.beginOpening(o)
	defer q.endOpening(o)
	err := q.awaitTurn(within, correlationId)
	if err == nil {
		defer func() { <-q.life.turn }()
		if q.state.Load() == stateOpen {
			return nil
		}
		q.applyPending(within)
		err = open(context.WithValue(within, openingKey{}, o))
	}
	if err != nil && ctx.Err() == nil && q.isStopped(o) {
		return q.closedMeanwhile(correlationId)
	}
	return err
}

func (q *MessageQueue) beginOpening(o *opening) {
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	if q.life.openings == nil {
		q.life.openings = map[*opening]struct{}{}
	}
	q.life.openings[o] = struct{}{}
}

func (q *MessageQueue) endOpening(o *opening) {
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	delete(q.life.openings, o)
	close(o.over)
}

func (q *MessageQueue) isStopped(o *opening) bool {
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	return o.stopped
}

// awaitTurn takes the turn of an Open, and waits for a Close that is under way.
func (q *MessageQueue) awaitTurn(ctx context.Context, correlationId string) error {
	if q.state.Load() == stateClosing {
		if _, inWork := receivingOf(ctx, q, q.session.Load().dead); inWork {
			return newError(ErrNotOpened, q.name, correlationId, "it closes when this receiver returns; open it after that", nil)
		}
	}
	select {
	case q.life.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if q.state.Load() != stateClosing {
		return nil
	}
	select {
	case <-q.session.Load().closed:
		return nil
	case <-ctx.Done():
		<-q.life.turn
		return ctx.Err()
	}
}

// stopOpenings ends every Open, except the one that calls Close, if one does. life.mu is held.
func (q *MessageQueue) stopOpenings(except *opening) (stopped []*opening) {
	for o := range q.life.openings {
		if o != except {
			o.stopped = true
			o.cancel()
			stopped = append(stopped, o)
		}
	}
	return stopped
}

// awaitOpenings waits until each Open that was stopped is through, but not for a storage that does not heed its ctx.
func (q *MessageQueue) awaitOpenings(ctx context.Context, correlationId string, stopped []*opening) {
	waiting, cancel := context.WithTimeout(ctx, settleGrace)
	defer cancel()
	for _, o := range stopped {
		select {
		case <-o.over:
		case <-waiting.Done():
			if ctx.Err() == nil {
				q.telemetry.Load().log(ctx, clog.LevelError, correlationId, nil,
					"Open of queue %s does not return though its ctx has ended; the queue will be closed when it does", q.name)
			}
			return
		}
	}
}
