package redis

import (
	"context"
	"slices"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Release(ctx context.Context, held any, counted bool) error {
	return st.settle(ctx, held, "releasing a message", func(s *session, ctx context.Context, h *handle) (bool, error) {
		count := h.count
		if !counted {
			count--
		}
		return s.settleBy(ctx, s.link.scripts.release, s.keys, h.id, h.record, count, 0)
	})
}

func (st *storage) ReleaseDelayed(ctx context.Context, held any, delay time.Duration) error {
	return st.settle(ctx, held, "releasing a message for later", func(s *session, ctx context.Context, h *handle) (bool, error) {
		return s.settleBy(ctx, s.link.scripts.release, s.keys, h.id, h.record, h.count, milliseconds(delay))
	})
}

// Bury moves a message, in one step, to the queue that Sibling was asked for.
func (st *storage) Bury(ctx context.Context, held any, dead *queues.MessageEnvelope) error {
	return st.settle(ctx, held, "moving a message to the dead-letter queue", func(s *session, ctx context.Context, h *handle) (bool, error) {
		fields, err := appendFields([]any{s.group, h.id, h.record}, dead, s.link.server.maxString)
		if err != nil {
			return false, err
		}
		there, err := keysOf(s.prefix, st.dead)
		if err != nil {
			return false, err
		}
		keys := append(s.keys[:len(s.keys):len(s.keys)], there.stream())
		return s.settleBy(ctx, s.link.scripts.bury, keys, fields...)
	})
}

func (st *storage) Extend(ctx context.Context, held any, timeout time.Duration) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	h, err := handleOf(held)
	if err != nil {
		return err
	}
	until := time.Now().Add(min(timeout, longest))
	ours, err := s.settleBy(ctx, s.link.scripts.extend, s.keys, h.id, h.record, milliseconds(timeout))
	if err != nil {
		return fail(ctx, "extending a lock", err)
	}
	if !ours {
		return queues.ErrLockLost
	}
	h.until.Store(until.UnixNano())
	return nil
}

// settleBy runs a script on one delivery. It reports false if the message is not this delivery's any more.
func (s *session) settleBy(ctx context.Context, script script, keys keys, arguments ...any) (bool, error) {
	answer, err := s.ask(ctx, script, keys, arguments...)
	return answer == int64(1), err
}

// settle ends a delivery by attempt. To do it twice does no harm: the second time it is not this delivery's any more.
func (st *storage) settle(ctx context.Context, held any, doing string, attempt func(*session, context.Context, *handle) (bool, error)) error {
	errs := st.settleAll(ctx, []any{held}, doing, func(s *session, ctx context.Context, handles []*handle) ([]bool, error) {
		ours, err := attempt(s, ctx, handles[0])
		return []bool{ours}, err
	})
	if errs != nil {
		return errs[0]
	}
	return nil
}

// firstRetry is how soon a settling call that found the server away tries again; options.connect_timeout is for how long.
const firstRetry = 20 * time.Millisecond

// settleAll ends deliveries by attempt, which tells of each whether it was this one's still.
func (st *storage) settleAll(ctx context.Context, held []any, doing string, attempt func(*session, context.Context, []*handle) ([]bool, error)) []error {
	s, err := st.enter()
	if err != nil {
		return slices.Repeat([]error{err}, len(held))
	}
	defer s.calls.Done()
	handles := make([]*handle, len(held))
	for i := range held {
		if handles[i], err = handleOf(held[i]); err != nil {
			return slices.Repeat([]error{err}, len(held))
		}
	}
	return queues.Settlement[*handle]{
		Attempt:  func(ctx context.Context, handles []*handle) ([]bool, error) { return attempt(s, ctx, handles) },
		Doubtful: isDoubtful,
		Explain:  func(err error) error { return fail(ctx, doing, err) },
		Expiry:   (*handle).expiry,
		First:    firstRetry,
		Limit:    s.settlePatience,
		Closing:  s.closing,
	}.Do(ctx, handles)
}
