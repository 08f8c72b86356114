package nats

import (
	"context"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bounds of one attempt of a request, and pauses between them.
const (
	attemptTimeout = 2 * time.Second
	attemptPause   = 50 * time.Millisecond
)

// request sends a message until someone answers, within the answer time-out. The message must be one
// that does no harm if it arrives twice. Before it is sent again, retry is told how often it has failed and why; its error
// ends the request.
func (s *session) request(ctx context.Context, message *natsgo.Msg, retry retryFunc) (*natsgo.Msg, error) {
	answer, err := s.link.attempt(ctx, message, min(attemptTimeout, s.link.answerTimeout)) // the usual case, with nothing around it
	if err == nil {
		return answer, nil
	}
	if isPassing(err) && ctx.Err() == nil {
		bound, free := s.bind(ctx)
		defer free()
		if answer, err = s.link.repeat(bound, message, retry, err); err == nil {
			return answer, nil
		}
	}
	return nil, s.failed(ctx, err)
}

// retryFunc is what request asks before it tries again.
type retryFunc = func(ctx context.Context, failures int, err error) error

// repeat sends a message again, once an attempt has failed.
func (l *link) repeat(ctx context.Context, message *natsgo.Msg, retry retryFunc, err error) (*natsgo.Msg, error) {
	limited, cancel := l.limit(ctx)
	defer cancel()
	patience := 2 * attemptPause
	for failures := 1; isPassing(err) && limited.Err() == nil; failures++ {
		if err := retry(limited, failures, err); err != nil {
			return nil, err
		}
		if err := l.again(limited); err != nil {
			return nil, err
		}
		var answer *natsgo.Msg
		if answer, err = l.attempt(limited, message, patience); err == nil {
			return answer, nil
		}
		patience = min(2*patience, attemptTimeout)
	}
	return nil, err
}

// requestOnce sends a message that must not arrive twice, when there is a connection.
func (s *session) requestOnce(ctx context.Context, message *natsgo.Msg) error {
	bound, free := s.bind(ctx)
	defer free()
	limited, cancel := s.link.limit(bound)
	defer cancel()
	for {
		if err := s.link.awaitConnected(limited); err != nil {
			return err
		}
		_, err := s.link.attempt(limited, message, attemptTimeout)
		if !errors.Is(err, natsgo.ErrNoResponders) || s.link.again(limited) != nil { // then nobody has it
			return err
		}
	}
}

// call makes a call of the client library, which must do no harm if it is made twice, until it gets an answer, within
// the answer time-out.
func (s *session) call(ctx context.Context, call func(ctx context.Context) error) error {
	bound, free := s.bind(ctx)
	defer free()
	if err := s.link.call(bound, call); err != nil {
		return s.failed(ctx, err)
	}
	return nil
}

func (l *link) call(ctx context.Context, call func(ctx context.Context) error) error {
	limited, cancel := l.limit(ctx)
	defer cancel()
	for {
		if err := l.awaitConnected(limited); err != nil {
			return err
		}
		attempt, done := context.WithTimeout(limited, attemptTimeout)
		err := call(attempt)
		done()
		switch {
		case err == nil:
			return nil
		case !isPassing(err) && !errors.Is(err, jetstream.ErrJetStreamNotEnabled): // as it is for a moment after a start
			return err
		case pause(limited, attemptPause) != nil:
			return err
		}
	}
}

// again waits a moment, and until there is a connection.
func (l *link) again(ctx context.Context) error {
	if err := pause(ctx, attemptPause); err != nil {
		return err
	}
	return l.awaitConnected(ctx)
}

// next waits for the next answer to what was sent on that connection: until timeout says so, ctx ends or the connection
// is lost, with which the server forgets that it was to answer.
func (l *link) next(ctx context.Context, answers <-chan *natsgo.Msg, connection uint64, timeout <-chan time.Time) (*natsgo.Msg, error) {
	for {
		changed := l.change()
		select {
		case answer := <-answers:
			return heard(answer)
		default:
		}
		if !l.isStill(connection) {
			return nil, natsgo.ErrDisconnected
		}
		select {
		case answer := <-answers:
			return heard(answer)
		case <-changed:
		case <-timeout:
			return nil, natsgo.ErrTimeout
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// isPassing tells whether what failed may work when it is tried again.
func isPassing(err error) bool {
	return errors.Is(err, natsgo.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, natsgo.ErrTimeout) ||
		errors.Is(err, natsgo.ErrDisconnected) || errors.Is(err, natsgo.ErrReconnectBufExceeded) || errors.Is(err, natsgo.ErrConnectionReconnecting) ||
		errors.Is(err, natsgo.ErrStaleConnection) || errors.Is(err, errUndelivered)
}
