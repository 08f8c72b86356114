package nats

import (
	"context"
	"errors"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Look reads messages where they are in the stream, one request for each.
func (s *session) Look(ctx context.Context, max int) ([]*queues.MessageEnvelope, error) {
	info, err := s.info(ctx)
	if err != nil {
		return nil, err
	}
	known := s.allKnown(ctx, info.NumAckPending)
	var found []*queues.MessageEnvelope
	for next := info.AckFloor.Stream + 1; len(found) < max; next++ {
		if _, isOut := known[next]; isOut {
			continue // it need not be read
		}
		var raw *jetstream.RawStreamMsg
		err := s.call(ctx, func(ctx context.Context) (err error) {
			raw, err = s.stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(s.plan.subject))
			return err
		})
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		next = raw.Sequence
		if _, isOut := known[next]; isOut {
			continue
		}
		envelope := new(queues.MessageEnvelope)
		decode(&natsgo.Msg{Header: raw.Header, Data: raw.Data}, envelope)
		if envelope.SentTime.IsZero() {
			envelope.SentTime = raw.Time.UTC()
		}
		found = append(found, envelope)
	}
	return found, nil
}

// Count asks the consumer.
func (s *session) Count(ctx context.Context) (int64, error) {
	info, err := s.info(ctx)
	if err != nil {
		return 0, err
	}
	return ready(info, s.allKnown(ctx, info.NumAckPending)), nil
}

// ready counts the messages that are not out, and those that were given back for now.
func ready(info *jetstream.ConsumerInfo, known out) int64 {
	return int64(info.NumPending) + int64(max(0, info.NumAckPending-len(known)))
}

// CountByState asks the consumer, the other open queues, and the stream for delayed messages.
func (s *session) CountByState(ctx context.Context) (isReady, locked, delayed int64, err error) {
	info, err := s.info(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	known := s.allKnown(ctx, info.NumAckPending)
	delayed = int64(known.waiting())
	locked = int64(len(known)) - delayed
	for _, suffix := range []string{laterSuffix, dueSuffix} {
		var stream *jetstream.StreamInfo
		err := s.call(ctx, func(ctx context.Context) (err error) {
			stream, err = s.stream.Info(ctx, jetstream.WithSubjectFilter(s.plan.subject+suffix+"*"))
			return err
		})
		if err != nil {
			return 0, 0, 0, err
		}
		for _, number := range stream.State.Subjects {
			delayed += int64(number)
		}
	}
	return ready(info, known), locked, delayed, nil
}

func (s *session) info(ctx context.Context) (info *jetstream.ConsumerInfo, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		info, err = s.consumer.Info(ctx)
		return err
	})
	return info, err
}

// Purge empties the stream: also of what is due later, what others hold, and the records of uncounted deliveries.
func (s *session) Purge(ctx context.Context) error {
	if err := s.call(ctx, func(ctx context.Context) error { return s.stream.Purge(ctx) }); err != nil {
		return err
	}
	s.later.clear()
	return nil
}
