package nats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (s *session) Complete(ctx context.Context, h *held) error {
	if err := s.held.check(h); err != nil {
		return err
	}
	if _, err := s.request(ctx, h.answer(sayAck), func(context.Context, int, error) error { return s.held.check(h) }); err != nil {
		return err
	}
	s.held.remove(h)
	s.forgetUncounted(ctx, h)
	return nil
}

// CompleteBatch acknowledges messages in one round trip, in which the server confirms each.
func (s *session) CompleteBatch(ctx context.Context, handles []any) []error {
	errs := make([]error, len(handles))
	group := make([]acking, 0, len(handles))
	for i, handle := range handles {
		group = append(group, acking{handle.(*held), &errs[i]})
	}
	group = s.stillHeld(group)
	group, err := s.acknowledge(ctx, group, min(attemptTimeout, s.link.answerTimeout))
	if len(group) > 0 && ctx.Err() == nil {
		bound, free := s.bind(ctx)
		defer free()
		group, err = s.acknowledgeAgain(bound, group, err)
	}
	for _, one := range group {
		*one.err = s.failed(ctx, err)
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// acking is a message that is being completed, and where to say that it could not be.
type acking struct {
	held *held
	err  *error
}

// stillHeld sorts out what is lost.
func (s *session) stillHeld(group []acking) []acking {
	return slices.DeleteFunc(group, func(one acking) bool {
		*one.err = s.held.check(one.held)
		return *one.err != nil
	})
}

// acknowledge returns what the server has not confirmed, and why.
func (s *session) acknowledge(ctx context.Context, group []acking, patience time.Duration) ([]acking, error) {
	if len(group) == 0 {
		return nil, nil
	}
	answers, ack := make([]*natsgo.Msg, len(group)), []byte(sayAck)
	err := s.link.exchange(ctx, answers, func(i int, reply string) error {
		return s.link.conn.PublishRequest(group[i].held.ack, reply, ack)
	}, patience)
	var left []acking
	for i, one := range group {
		if answers[i] != nil {
			if _, unheard := heard(answers[i]); unheard == nil {
				s.held.remove(one.held)
				s.forgetUncounted(ctx, one.held)
				continue
			}
			err = cmp.Or(err, natsgo.ErrNoResponders)
		}
		left = append(left, one)
	}
	return left, err
}

// acknowledgeAgain repeats what has failed, within the answer time-out.
func (s *session) acknowledgeAgain(ctx context.Context, group []acking, err error) ([]acking, error) {
	limited, cancel := s.link.limit(ctx)
	defer cancel()
	for patience := 2 * attemptPause; isPassing(err) && s.link.again(limited) == nil; patience = min(2*patience, attemptTimeout) {
		if group = s.stillHeld(group); len(group) == 0 {
			break
		}
		if group, err = s.acknowledge(limited, group, patience); len(group) == 0 {
			break
		}
	}
	return group, err
}

func (s *session) Release(ctx context.Context, h *held, counted bool) error {
	if err := s.held.check(h); err != nil {
		return err
	}
	return s.release(ctx, h, counted)
}

func (s *session) release(ctx context.Context, h *held, counted bool) error {
	if !counted {
		if err := s.recordUncounted(ctx, h); err != nil {
			s.held.remove(h) // nobody tries again: it comes back after its ack wait
			return err
		}
	}
	return s.nak(ctx, h, sayNak)
}

// nak tells the server to deliver a message again. It is not repeated: by then it may be with somebody else, who would
// lose it. Without an answer the message is given up; it comes again, after its ack wait at the latest.
func (s *session) nak(ctx context.Context, h *held, text string) error {
	err := s.requestOnce(ctx, h.answer(text))
	if err == nil || isPassing(err) || ctx.Err() != nil {
		s.held.remove(h)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: the server had not answered: %w", queues.ErrLockLost, ctx.Err())
	case isPassing(err):
		return fmt.Errorf("%w: the server did not answer", queues.ErrLockLost)
	default:
		return s.failed(ctx, err)
	}
}

func (s *session) ReleaseDelayed(ctx context.Context, h *held, delay time.Duration) error {
	if err := s.held.check(h); err != nil {
		return err
	}
	delay = min(delay, longestDelay)
	text := sayNak + ` {"delay":` + strconv.FormatInt(int64(delay), 10) + `}`
	due := time.Now().Add(delay)
	if err := s.nak(ctx, h, text); err != nil {
		return err
	}
	s.later.add(h.sequence, due)
	return nil
}
