package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
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

// settle ends a delivery by attempt, and calls after if that has done something. While the server is away it
// tries again, as long as the lock holds and options.connect_timeout allows.
func (st *storage) settle(ctx context.Context, held any, doing string, attempt attempt, after func(s *session)) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h, err := handleOf(held)
	if err != nil {
		return err
	}
	retry := s.newRetry()
	doubt := false // whether an attempt may have done it
	for {
		done, err := attempt(s, ctx, h)
		if err == nil && !done && !doubt {
			return queues.ErrLockLost
		}
		if err == nil {
			after(s)
			return nil
		}
		doubt = doubt || !pgconn.SafeToRetry(err)
		err = s.fail(ctx, doing, err)
		if !errors.Is(err, queues.ErrNoConnection) || !retry.Again() || outlasts(retry, h) || !retry.Await(ctx, s.closing) {
			return err
		}
	}
}

// firstRetry is how soon a settling call that found the server away tries again; options.connect_timeout is how long.
const firstRetry = 50 * time.Millisecond

func (s *session) newRetry() *connect.Retry { return connect.NewRetry(firstRetry, s.settlePatience) }

// outlasts tells whether the lock of a delivery ends before the next attempt.
func outlasts(retry *connect.Retry, h *handle) bool { return retry.Next().UnixNano() > h.until.Load() }
