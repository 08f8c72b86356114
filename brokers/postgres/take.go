package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// token marks the rows of one Take. With the id of a row it is one delivery's.
type token = [16]byte

// handle is what settling a message needs.
type handle struct {
	id    int64
	token token
	until atomic.Int64 // when the lock ends, by the clock here; nanoseconds of Unix time
}

// expiry is when the lock ends.
func (h *handle) expiry() time.Time { return time.Unix(0, h.until.Load()) }

// handleOf returns the handle that the base was given.
func handleOf(value any) (*handle, error) {
	h, ok := value.(*handle)
	if !ok {
		return nil, fmt.Errorf("%w: %T is not a handle of this storage", queues.ErrBadMessage, value)
	}
	return h, nil
}

// mostTaken bounds what one receiver takes at a time.
const mostTaken = 1000

func (st *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	for {
		n, err := s.take(ctx, dst, wait)
		if n > 0 || err != nil || !wait {
			return n, err
		}
		select {
		case <-s.signal:
			if ctx.Err() == nil {
				continue
			}
			s.wake() // someone else shall look
			return 0, ctx.Err()
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.closing:
			return 0, queues.ErrNotOpened
		}
	}
}

// take fills dst with what is ready. Whoever has been woken and calls it sees to it that the next one
// will be: at once if there may be more, else by the clock.
func (s *session) take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	want := min(len(dst), mostTaken)
	began := time.Now()
	got, err := s.takes.Do(ctx, taking{want: want, wait: wait})
	if err != nil {
		s.alarm.within(s.pollInterval)
		return 0, s.fail(ctx, "taking messages", err)
	}
	rows := got.rows
	if len(rows) == 0 {
		return 0, nil
	}
	handles := make([]handle, len(rows))
	for i := range rows {
		h := &handles[i]
		h.id, h.token = rows[i].id, got.mark
		h.until.Store(began.Add(bounded(s.lockTimeout)).UnixNano())
		dst[i].Message, dst[i].Count, dst[i].Handle = rows[i].envelope, rows[i].count, h
	}
	s.alarm.within(min(s.lockTimeout, s.pollInterval))
	if len(rows) >= want {
		s.wake()
	}
	return len(rows), nil
}

// taking is one receiver's part of a Take: how many messages it wants, and what it gets.
type taking struct {
	want int
	wait bool // it will wait if there are none
	rows []row
	mark token
}

// performTakes takes for several receivers together. Were the statement broken off when the ctx of one ends,
// nobody would know which rows it has locked. So it goes on without that one, and what is too much is given back.
func (s *session) performTakes(calls []*queues.GroupCall[taking]) {
	limit, wait := 0, false
	for _, c := range calls {
		limit += c.Value.want
		wait = wait || c.Value.wait
	}
	var mark token
	_, _ = rand.Read(mark[:]) // never fails
	rows, err := s.takeRows(s.work, limit, mark, wait)
	for _, c := range calls {
		n := min(c.Value.want, len(rows))
		c.Value.rows, c.Value.mark = rows[:n:n], mark
		if c.Finish(err) {
			rows = rows[n:]
		}
	}
	if len(rows) > 0 {
		s.giveBack(rows, mark)
	}
}

// takeRows takes up to limit messages. If there are none and someone waits, the alarm is set to when there
// may be.
func (s *session) takeRows(ctx context.Context, limit int, mark token, wait bool) ([]row, error) {
	from, all := s.floor.next()
	rows, err := s.takeFrom(ctx, limit, mark, from, all)
	if len(rows) > 0 || err != nil {
		return rows, err
	}
	if !all {
		if pause := s.floor.pause(); pause > 0 {
			s.alarm.within(pause)
			return nil, nil
		}
		rows, err = s.takeFrom(ctx, limit, mark, from.everywhere(), true)
	}
	if wait && len(rows) == 0 && err == nil {
		s.setAlarm(ctx)
	}
	return rows, err
}

// takeFrom takes what is not below from. If it turns out that the connection was dead it tries once more,
// with another.
func (s *session) takeFrom(ctx context.Context, limit int, mark token, from bounds, all bool) ([]row, error) {
	began := time.Now()
	rows, err := s.queryTake(ctx, limit, mark, from)
	if err != nil && isBroken(err) {
		rows, err = s.queryTake(ctx, limit, mark, from)
	}
	switch {
	case err != nil:
		s.floor.lower(everything) // what it took, it may have taken or not
		return nil, err
	case all:
		s.floor.seen(began)
	}
	if len(rows) > 0 {
		s.floor.raise(from, rows[0].first)
		slices.SortFunc(rows, func(a, b row) int {
			return cmp.Or(a.place.Compare(b.place), cmp.Compare(a.id, b.id))
		})
	}
	return rows, nil
}

func (s *session) queryTake(ctx context.Context, limit int, mark token, from bounds) ([]row, error) {
	found, err := s.pool.Query(ctx, s.sql.Take, s.queue, limit, s.lockTimeout, mark, from.place, from.visibleAt)
	if err != nil {
		return nil, err
	}
	return readRows(found, limit, (*row).scanTaken)
}

// setAlarm sets the alarm to when the next message is due, or to the next look.
func (s *session) setAlarm(ctx context.Context) {
	var due time.Duration
	err := s.pool.QueryRow(ctx, s.sql.NextDue, s.queue).Scan(&due)
	if err != nil { // nothing is due ever, or we do not know
		due = s.pollInterval
	}
	s.alarm.within(min(due+dueMargin, s.pollInterval))
}

// dueMargin is added to when something is due, so that it is due indeed when someone looks.
const dueMargin = 200 * time.Microsecond

// giveBack releases what was taken for a caller that has gone.
func (s *session) giveBack(rows []row, mark token) {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].id
	}
	if _, err := s.pool.Exec(s.work, s.sql.ReleaseAll, ids, mark); err != nil { // their locks will run out
		s.alarm.within(s.lockTimeout)
		return
	}
	s.tell(nothingNew)
}
