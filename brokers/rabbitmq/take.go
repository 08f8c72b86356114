package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Take asks for what is there, and, if nothing is, has the server push what comes. A listener, which comes
// again and again, is served by a subscription.
func (st *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	s, err := st.enter()
	if err != nil {
		return 0, err
	}
	defer s.calls.Done()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.take(ctx, dst, wait)
	if err != nil {
		return 0, s.fail("", err)
	}
	return n, nil
}

func (s *session) take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	var sub *subscription
	known := false
	if wait {
		sub, known = s.listening.of(ctx, len(dst))
	}
	taken := s.counter.take(len(dst))
	var err error
	switch {
	case len(taken) > 0:
	case known:
		return sub.take(ctx, dst)
	default:
		taken, err = s.takeReady(ctx, len(dst))
	}
	if len(taken) == 0 && err == nil {
		taken = s.counter.take(len(dst)) // it came a moment before the server had nothing
	}
	if len(taken) == 0 && err == nil && !wait && s.returner.await(ctx) {
		taken, err = s.takeReady(ctx, len(dst))
	}
	switch {
	case len(taken) > 0 || err != nil || !wait:
	case sub != nil:
		return sub.take(ctx, dst)
	default:
		taken, err = s.counter.wait(ctx)
	}
	fill(dst, taken)
	return len(taken), err
}

// fail says what was being done, and gives the error its sentinel. What Close broke off is ErrNotOpened.
func (s *session) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isDone(s.closing) {
		return queues.ErrNotOpened
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if isMissing(err) {
		s.topology.forget() // it may have been deleted; the next call makes it again
	}
	if doing == "" { // the base says it
		return failure(err)
	}
	return fmt.Errorf("%s: %w", doing, failure(err))
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// mostQuestions bounds how many messages one Take asks for, one after the other.
const mostQuestions = 64

// takeReady takes what is ready, up to most, without waiting. It asks for each message: a consumer, ended
// with credit left, may have one counted that it was not handed.
func (s *session) takeReady(ctx context.Context, most int) ([]*handle, error) {
	l, err := s.lanes.borrow(ctx)
	if err != nil {
		return nil, err
	}
	return await(ctx, s, func() (taken []*handle, err error) {
		defer s.lanes.giveBack(l)
		for len(taken) < min(most, mostQuestions) {
			h, err := l.get(s.settings.queue)
			if h == nil || err != nil {
				if len(taken) > 0 {
					err = nil // the next call meets it again
				}
				return taken, err
			}
			taken = append(taken, h)
			if h.raw.MessageCount == 0 {
				break
			}
		}
		return taken, nil
	}, func(taken []*handle) { s.counter.put(taken...) })
}
