package rabbitmq

import (
	"context"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// answerGrace is how long an answer of the server is waited for when ctx has ended: what it has handed
// over by then is not thrown away.
const answerGrace = 200 * time.Millisecond

// await returns the answer to an exchange with the server, which the client library lets nobody break off.
// If ctx ends and the answer does not come soon after, it returns without; then late gets it, unless it
// is an error.
func await[T any](ctx context.Context, s *session, exchange func() (T, error), late func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	var claimed atomic.Bool // by the one who waits, if it goes; or by the answer
	s.calls.Go(func() {     // the caller's own holds the count above zero
		value, err := exchange()
		if claimed.CompareAndSwap(false, true) {
			answered <- answer{value, err}
		} else if err == nil {
			late(value)
		}
	})
	select {
	case got := <-answered:
		return got.value, got.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(answerGrace)
	defer timer.Stop()
	select {
	case got := <-answered:
		return got.value, got.err
	case <-timer.C:
	}
	if claimed.CompareAndSwap(false, true) {
		var none T
		return none, ctx.Err()
	}
	got := <-answered
	return got.value, got.err
}

// discard closes a channel that is of no more use, without waiting for it.
func (s *session) discard(ch *amqp.Channel) {
	s.calls.Go(func() { _ = ch.Close() }) // an error says that it is closed already
}
