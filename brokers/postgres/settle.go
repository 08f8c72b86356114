package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Release(ctx context.Context, held any, counted bool) error {
	uncounted := 1
	if counted {
		uncounted = 0
	}
	return st.settle(ctx, held, "releasing a message",
		func(s *session, ctx context.Context, h *handle) (bool, error) {
			return s.change(ctx, s.sql.Release, h.id, h.token, uncounted)
		},
		func(s *session) { s.tell(nothingNew) })
}

func (st *storage) ReleaseDelayed(ctx context.Context, held any, delay time.Duration) error {
	return st.settle(ctx, held, "releasing a message for later",
		func(s *session, ctx context.Context, h *handle) (bool, error) {
			return s.change(ctx, s.sql.ReleaseDelayed, h.id, h.token, bounded(delay))
		},
		func(s *session) {
			s.alarm.within(delay)
			s.tell(nothingNew) // so that others set their alarms
		})
}

// Bury moves a message, in one statement, to the queue that Sibling was asked for.
func (st *storage) Bury(ctx context.Context, held any, dead *queues.MessageEnvelope) error {
	return st.settle(ctx, held, "moving a message to the dead-letter queue",
		func(s *session, ctx context.Context, h *handle) (bool, error) {
			return s.change(ctx, s.sql.Bury, h.id, h.token, st.dead, sentTime(dead), headersOf(dead))
		},
		func(s *session) {
			s.notify.notify(s.table.Channel(st.dead), time.Now().UnixMicro())
			s.freed()
		})
}

func (st *storage) Extend(ctx context.Context, held any, timeout time.Duration) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h, err := handleOf(held)
	if err != nil {
		return err
	}
	timeout = bounded(timeout)
	until := time.Now().Add(timeout)
	tag, err := s.pool.Exec(ctx, s.sql.Extend, h.id, h.token, timeout)
	if err != nil {
		return s.fail(ctx, "extending a lock", err)
	}
	if tag.RowsAffected() == 0 {
		return queues.ErrLockLost
	}
	h.until.Store(until.UnixNano())
	s.alarm.within(timeout)
	return nil
}

// attempt tries to change the row of a delivery. It reports false if the row is not this delivery's any more.
type attempt func(s *session, ctx context.Context, h *handle) (bool, error)

// change runs a statement on one row.
func (s *session) change(ctx context.Context, sql string, arguments ...any) (bool, error) {
	tag, err := s.pool.Exec(ctx, sql, arguments...)
	return tag.RowsAffected() > 0, err
}

// longest is what times are cut to: what comes later does not matter, and must not overflow.
const longest = 100 * 365 * 24 * time.Hour

func bounded(d time.Duration) time.Duration { return min(d, longest) }

// settle ends a delivery by attempt, and calls after when that has got through.
func (st *storage) settle(ctx context.Context, held any, doing string, attempt attempt, after func(s *session)) error {
	errs := st.settleAll(ctx, []any{held}, doing, func(s *session, ctx context.Context, handles []*handle) ([]bool, error) {
		done, err := attempt(s, ctx, handles[0])
		if err == nil {
			after(s)
		}
		return []bool{done}, err
	})
	if errs != nil {
		return errs[0]
	}
	return nil
}

// firstRetry is how soon a settling call that found the server away tries again; options.connect_timeout is for how long.
const firstRetry = 50 * time.Millisecond

// settleAll ends deliveries by attempt, which tells of each whether its row was there.
func (st *storage) settleAll(ctx context.Context, held []any, doing string, attempt func(*session, context.Context, []*handle) ([]bool, error)) []error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return slices.Repeat([]error{err}, len(held))
	}
	defer leave()
	handles := make([]*handle, len(held))
	for i := range held {
		if handles[i], err = handleOf(held[i]); err != nil {
			return slices.Repeat([]error{err}, len(held))
		}
	}
	return queues.Settlement[*handle]{
		Attempt:  func(ctx context.Context, handles []*handle) ([]bool, error) { return attempt(s, ctx, handles) },
		Doubtful: func(err error) bool { return !pgconn.SafeToRetry(err) },
		Explain:  func(err error) error { return s.fail(ctx, doing, err) },
		Expiry:   (*handle).expiry,
		First:    firstRetry,
		Limit:    s.settlePatience,
		Closing:  s.closing,
	}.Do(ctx, handles)
}
