package nats

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// link is a connection to the server that is shared and reconnects by itself.
type link struct {
	servers       string // for people
	answerTimeout time.Duration

	conn  *natsgo.Conn
	js    jetstream.JetStream
	inbox *inbox

	now atomic.Pointer[moment]
}

// moment lasts until the connection is lost, there again, or closed for good.
type moment struct {
	connection uint64        // as it was in the beginning
	changed    chan struct{} // closed at the end
}

func (l *link) use(conn *natsgo.Conn) (err error) {
	l.conn = conn
	if l.js, err = jetstream.New(conn); err != nil {
		return err
	}
	l.inbox = &inbox{conn: conn}
	return nil
}

// onChange is called by the client library, one change after the other.
func (l *link) onChange(conn *natsgo.Conn) {
	ended := l.now.Swap(&moment{conn.Stats().Reconnects, make(chan struct{})})
	close(ended.changed)
}

// change returns a channel that is closed when the state of the connection changes.
func (l *link) change() <-chan struct{} { return l.now.Load().changed }

// connection tells connections of this link apart.
func (l *link) connection() uint64 { return l.conn.Stats().Reconnects }

// isStill tells whether there has been no other connection since. The link is told of changes a little
// later than they happen, so that each is looked at.
func (l *link) isStill(connection uint64) bool {
	return l.conn.IsConnected() && l.connection() == connection
}

// awaitConnected waits until there is a connection.
func (l *link) awaitConnected(ctx context.Context) error {
	for {
		change := l.change()
		switch {
		case l.conn.IsConnected():
			return nil
		case l.conn.IsClosed():
			return l.lost(natsgo.ErrConnectionClosed)
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// limit bounds a call by the answer time-out.
func (l *link) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, l.answerTimeout)
}

// lost is the error of a call to which the server gave no answer.
func (l *link) lost(err error) error {
	return fmt.Errorf("%w: %s: %w", queues.ErrNoConnection, l.servers, err)
}

// failed says what became of a call; that its ctx has ended says more than anything else.
func (l *link) failed(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, natsgo.ErrMaxPayload):
		return fmt.Errorf("%w: %w", queues.ErrMessageTooLarge, err)
	case errors.Is(err, natsgo.ErrNoResponders):
		return l.lost(fmt.Errorf("nobody answers; is JetStream on, and the stream still there? (%w)", err))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, natsgo.ErrTimeout):
		return l.lost(fmt.Errorf("no answer within %s of %s", flushTimeoutKey, l.answerTimeout))
	case isExplained(err):
		return err
	default:
		return l.lost(err)
	}
}

// isExplained tells whether an error says already what it means.
func isExplained(err error) bool {
	var refusal jetstream.JetStreamError
	return errors.As(err, &refusal) || errors.Is(err, queues.ErrNoConnection) || errors.Is(err, queues.ErrLockLost) ||
		errors.Is(err, queues.ErrMessageTooLarge) || errors.Is(err, queues.ErrBadConfig)
}

// tooLarge is the error for a message that is larger than the server takes; nil for others.
func (l *link) tooLarge(message *natsgo.Msg) error {
	if limit := l.conn.MaxPayload(); int64(message.Size()) > limit {
		return fmt.Errorf("%w: with its headers it has %d bytes, and the server takes %d (max_payload)",
			queues.ErrMessageTooLarge, message.Size(), limit)
	}
	return nil
}

// pause waits for that long; an error when ctx ends before.
func pause(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
