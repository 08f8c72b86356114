package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Complete(ctx context.Context, held any) error {
	return st.settle(ctx, held, "deleting a message", (*session).complete, nil)
}

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
		func(s *session) { s.notify.notify(s.table.Channel(st.dead), time.Now().UnixMicro()) })
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

// completing is one delivery's part of deleting several.
type completing struct {
	handle *handle
	found  bool
	err    error
}

func (s *session) complete(ctx context.Context, h *handle) (bool, error) {
	result, err := s.completes.do(ctx, completing{handle: h})
	if err == nil {
		err = result.err
	}
	return result.found, err
}

// performCompletes deletes the rows of several deliveries together.
func (s *session) performCompletes(calls []*call[completing]) {
	if len(calls) == 1 {
		c := calls[0]
		found, err := s.change(s.work, s.sql.Complete, c.value.handle.id, c.value.handle.token)
		if c.claim() {
			c.value.found, c.value.err = found, err
			c.finish()
		}
		return
	}
	slices.SortFunc(calls, func(a, b *call[completing]) int { // the order in which rows are locked, always
		return cmp.Compare(a.value.handle.id, b.value.handle.id)
	})
	ids, tokens := make([]int64, len(calls)), make([]token, len(calls))
	for i, c := range calls {
		ids[i], tokens[i] = c.value.handle.id, c.value.handle.token
	}
	rows, _ := s.pool.Query(s.work, s.sql.CompleteAll, ids, tokens) // its error comes with the rows
	deleted, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	found := make(map[int64]bool, len(deleted))
	for _, id := range deleted {
		found[id] = true
	}
	for _, c := range calls {
		if c.claim() {
			c.value.found, c.value.err = found[c.value.handle.id], err
			c.finish()
		}
	}
}

// longest is what times are cut to: what comes later does not matter, and must not overflow.
const longest = 100 * 365 * 24 * time.Hour

func bounded(d time.Duration) time.Duration { return min(d, longest) }

// Bounds of the delay between attempts to settle while the server is away.
const (
	minSettleDelay = 50 * time.Millisecond
	maxSettleDelay = time.Second
)

// settle ends a delivery by attempt, and calls after if that has done something. While the server is away it
// tries again, as long as the lock holds and options.connect_timeout allows: a message that was
// worked on would be delivered once more for a short outage otherwise.
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
	giveUp := time.Now().Add(s.settlePatience)
	doubt := false // whether an attempt may have done it
	for delay := minSettleDelay; ; delay = min(2*delay, maxSettleDelay) {
		done, err := attempt(s, ctx, h)
		if err == nil {
			switch done = done || doubt; {
			case done && after != nil:
				after(s)
				return nil
			case done:
				return nil
			default:
				return queues.ErrLockLost
			}
		}
		doubt = doubt || !pgconn.SafeToRetry(err)
		err = s.fail(ctx, doing, err)
		again := time.Now().Add(delay)
		if !errors.Is(err, queues.ErrNoConnection) || ctx.Err() != nil || again.After(giveUp) || again.UnixNano() > h.until.Load() {
			return err
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-s.closing:
			timer.Stop()
			return err
		}
	}
}
