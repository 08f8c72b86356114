package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Complete acknowledges. The server does not answer to that: if the connection breaks before it has read it,
// the message comes again.
func (st *storage) Complete(_ context.Context, value any) error {
	return st.settle("completing", value, func(_ *session, h *handle) error { return h.ack() })
}

// Release has the server put the message back, if it counts that as it should be counted. Otherwise a
// copy that knows the true number takes its place; one that must not be counted does so in the background.
func (st *storage) Release(ctx context.Context, value any, counted bool) error {
	return st.settle("giving back", value, func(s *session, h *handle) error {
		switch {
		case counted == h.isCountedByServer():
			if err := h.requeue(); err != nil {
				return err
			}
			s.requeued.Store(time.Now().UnixNano())
			return s.settleDown(ctx, h)
		case counted:
			message := copyOf(h.raw, h.count)
			return h.replace(func() error { return s.send(ctx, s.back(), &message) })
		default:
			s.returner.add([]*handle{h})
			return nil
		}
	})
}

// ReleaseDelayed puts a copy where it waits. A delay that is too long is no ErrNotSupported, upon which the base would
// keep the message: the server's consumer_timeout would end that early.
func (st *storage) ReleaseDelayed(ctx context.Context, value any, delay time.Duration) error {
	if delay > longestDelay {
		return errTooLong(delay)
	}
	return st.settle("giving back for later", value, func(s *session, h *handle) error {
		message := copyOf(h.raw, h.count)
		return h.replace(func() error { return s.sendLater(ctx, s.back(), &message, delay) })
	})
}

// Original returns the message as it was delivered.
func (st *storage) Original(value any) *queues.MessageEnvelope {
	h, ok := value.(*handle)
	if !ok {
		return &queues.MessageEnvelope{}
	}
	e := envelopeOf(h.raw)
	return &e
}

// settle ends a delivery by action.
func (st *storage) settle(doing string, value any, action func(s *session, h *handle) error) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	h, ok := value.(*handle)
	if !ok {
		return fmt.Errorf("%s: %w: %T is not a handle of this storage", doing, queues.ErrBadMessage, value)
	}
	return s.fail(doing, action(s, h))
}

// back is where a message that is given back goes: into this queue, past the exchange that it came by.
func (s *session) back() route { return route{key: s.settings.queue} }

// isCountedByServer tells whether the server, when it has the message back, counts this delivery. A quorum
// queue counts all; a classic one only marks a message, which counts for one.
func (h *handle) isCountedByServer() bool {
	_, counts := h.raw.Headers[headerDeliveryCount]
	return counts || !h.raw.Redelivered
}

func (h *handle) ack() error {
	return h.tell(func() error { return h.lane.ch.Ack(h.raw.DeliveryTag, false) })
}

// requeue gives a message back: rejecting it counts on every version of the server.
func (h *handle) requeue() error {
	return h.tell(func() error { return h.lane.ch.Reject(h.raw.DeliveryTag, true) })
}

// tell tells the server what becomes of a message; a moment later, if the consumer that it came by is about to
// be ended.
func (h *handle) tell(settle func() error) error {
	settled := func() error {
		h.settled() // before the server knows: there are never more unsettled by our count than by its
		err := settle()
		h.lane.ledger.strike(h)
		return h.done(err)
	}
	if h.feed != nil && h.feed.delay(func() { _ = settled() }) {
		return nil
	}
	return settled()
}

// done says what it means that a message could not be settled. What cannot be told to the server because the channel is closed has
// been put back by it.
func (h *handle) done(err error) error {
	if err == nil {
		return nil
	}
	if h.lane.ch.IsClosed() || errors.Is(err, amqp.ErrClosed) {
		return fmt.Errorf("%w: the connection that delivered the message is lost, and the server has put it back: %w", queues.ErrLockLost, err)
	}
	return err
}

// settleDown returns when the server has put back what was rejected before: it answers in the order of asking.
func (s *session) settleDown(ctx context.Context, h *handle) error {
	_, err := await(ctx, s, func() (struct{}, error) { return struct{}{}, h.lane.ask() }, func(struct{}) {})
	if err != nil && (ctx.Err() != nil || h.lane.ch.IsClosed()) {
		return nil // it is on its way, or was put back when the channel was closed
	}
	return err
}

// replace has another message sent, and acknowledges the one that it takes the place of when the server has
// it. A failure in between leaves both.
func (h *handle) replace(send func() error) error {
	if h.lane.ch.IsClosed() {
		return h.ack() // which says so
	}
	if err := send(); err != nil {
		return err
	}
	return h.ack()
}
