package nats

import (
	"cmp"
	"context"
	"slices"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (s *session) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	taking, free := s.bind(ctx)
	defer free()
	for failures := 0; ; failures++ {
		messages, err := s.puller.take(taking, len(dst), wait)
		switch {
		case len(messages) > 0:
			if n := s.deliver(ctx, dst, messages); n > 0 {
				return n, nil
			}
		case err == nil:
			return 0, nil
		case taking.Err() != nil || !isPassing(err) || failures == goneLimit:
			return 0, s.failed(ctx, err)
		}
		if err := s.awaitConsumer(taking, failures); err != nil {
			return 0, s.failed(ctx, err)
		}
	}
}

// awaitConsumer waits until it makes sense to take again.
func (s *session) awaitConsumer(ctx context.Context, failures int) error {
	limited, cancel := s.link.limit(ctx)
	defer cancel()
	if !s.link.conn.IsConnected() {
		return s.link.awaitConnected(limited)
	}
	s.repair(limited, failures)
	return pause(limited, gonePause)
}

// taken is a message that was delivered, with its particulars.
type taken struct {
	message *natsgo.Msg
	stored  time.Time
	held    *held
}

// read takes the particulars of a delivery from its message.
func read(message *natsgo.Msg) (taken, bool) {
	metadata, err := message.Metadata()
	if err != nil {
		return taken{}, false // it is no delivery
	}
	return taken{
		message: message,
		stored:  metadata.Timestamp.UTC(),
		held:    &held{ack: message.Reply, sequence: metadata.Sequence.Stream, delivered: metadata.NumDelivered},
	}, true
}

// deliver fills in deliveries. What comes again comes in the order of giving back; here it takes its old place.
func (s *session) deliver(ctx context.Context, dst []queues.Delivery, messages []*natsgo.Msg) int {
	since := time.Now()
	all := make([]taken, 0, len(messages))
	for _, message := range messages {
		if one, ok := read(message); ok {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b taken) int { return cmp.Compare(a.held.sequence, b.held.sequence) })
	for i := range all {
		h, delivery := all[i].held, &dst[i]
		s.lookUpUncounted(ctx, h)
		s.held.add(h, since)
		decode(all[i].message, &delivery.Message)
		if delivery.Message.SentTime.IsZero() {
			delivery.Message.SentTime = all[i].stored
		}
		delivery.Count, delivery.Handle = h.count(), h
	}
	return len(all)
}

// giveBack gives back a message that nobody waits for any more.
func (s *session) giveBack(ctx context.Context, message *natsgo.Msg) {
	if late, ok := read(message); ok {
		s.lookUpUncounted(ctx, late.held)
		_ = s.release(ctx, late.held, false) // if it fails the server does it when the ack wait is over
	}
}
