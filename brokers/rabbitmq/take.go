package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Take asks for what is there, and, if nothing is, has the server push what comes, but no more than was
// asked for. A listener, which comes again and again, is served by a subscription.
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
		return 0, s.fail("receiving", err)
	}
	return n, nil
}

func (s *session) take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	if wait && len(dst) > 1 {
		if place := s.listening.of(ctx); place != nil {
			return place.take(ctx, dst)
		}
	}
	taken, err := s.takeReady(ctx, len(dst))
	if len(taken) == 0 && err == nil && wait {
		taken, err = s.takeNext(ctx, len(dst))
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

// takeReady takes what is ready, up to most, without waiting.
func (s *session) takeReady(ctx context.Context, most int) ([]*handle, error) {
	l, err := s.asking.borrow(ctx)
	if err != nil {
		return nil, err
	}
	return await(ctx, s, func() ([]*handle, error) {
		defer s.asking.giveBack(l)
		first, err := l.get(s.settings.queue)
		if err != nil || first == nil {
			return nil, err
		}
		taken := []*handle{first}
		if most > 1 && first.raw.MessageCount > 0 {
			taken = append(taken, s.takeMore(l, min(most-1, int(first.raw.MessageCount)))...)
		}
		return taken, nil
	}, s.returner.add)
}

// takeMore takes up to most messages that are ready, with one consumer instead of one question for each:
// what the server has for it has come before the answer to its end.
func (s *session) takeMore(l *lane, most int) []*handle {
	tag := s.listening.newTag()
	deliveries, err := l.consume(s.settings.queue, tag, most)
	if err != nil {
		return nil // the next call meets it again
	}
	more, err := l.stop(tag, deliveries)
	if err != nil {
		return nil
	}
	return more
}

// takeNext waits for messages, and takes those that come together, up to most.
func (s *session) takeNext(ctx context.Context, most int) ([]*handle, error) {
	l, err := s.waiting.borrow(ctx)
	if err != nil {
		return nil, err
	}
	tag := s.listening.newTag()
	deliveries, err := await(ctx, s, func() (<-chan amqp.Delivery, error) {
		deliveries, err := l.consume(s.settings.queue, tag, most)
		if err != nil {
			s.waiting.giveBack(l)
		}
		return deliveries, err
	}, func(deliveries <-chan amqp.Delivery) {
		defer s.waiting.giveBack(l)
		taken, _ := l.stop(tag, deliveries) // if that fails the server has them back
		s.returner.add(taken)
	})
	if err != nil {
		return nil, err
	}

	var first []*handle
	select {
	case d, ok := <-deliveries:
		if ok {
			first = append(first, l.handle(d, nil))
		} else {
			err = fmt.Errorf("%w: the server has ended the consumer", queues.ErrNoConnection)
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.closing:
		err = queues.ErrNotOpened
	}
	taken, stopping := await(ctx, s, func() ([]*handle, error) {
		defer s.waiting.giveBack(l)
		rest, err := l.stop(tag, deliveries)
		return append(first, rest...), err
	}, s.returner.add)
	switch {
	case stopping == nil && len(taken) > 0:
		return taken, nil
	case err != nil:
		return nil, err
	default:
		return nil, stopping
	}
}
