package nats

import (
	"context"
	"fmt"
	"strconv"
	"time"

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
