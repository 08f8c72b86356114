package postgres

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// room is where senders wait while a queue holds options.max_messages: the first looks whenever something has
// gone, and every options.poll_interval; the others stand behind it.
type room struct {
	turn   chan struct{} // takes the token of who is first
	signal chan struct{} // holds one token: something has gone
	waker  waker

	mu      sync.Mutex
	counted tally
}

// tally is what was counted last. As many as have been inserted into the table since, into whatever queue and by
// whomever, may have come on top of it, and no more.
type tally struct {
	messages, inserted int64
	valid              bool
}

// most is how many messages there can be now that so many have been inserted.
func (t tally) most(inserted int64) int64 { return t.messages + inserted - t.inserted }

func newRoom() *room {
	r := &room{turn: make(chan struct{}, 1), signal: make(chan struct{}, 1)}
	r.waker.wake = func(int64) {
		select {
		case r.signal <- struct{}{}:
		default:
		}
	}
	return r
}

func (s *session) waitsForRoom() bool { return s.limit > 0 && !s.reject }

// admit calls insert, which reports whether there was no room for count messages, until there is some.
func (s *session) admit(ctx context.Context, count int, insert func() (full bool, err error)) error {
	if s.limit > 0 && count > s.limit {
		return queues.ErrQueueFull
	}
	full, err := insert()
	switch {
	case err != nil || !full:
		return err
	case s.reject:
		return queues.ErrQueueFull
	default:
		return s.awaitRoom(ctx, insert)
	}
}

func (s *session) awaitRoom(ctx context.Context, insert func() (full bool, err error)) error {
	select {
	case s.room.turn <- struct{}{}:
		defer func() { <-s.room.turn }()
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return queues.ErrNotOpened
	}
	look := time.NewTicker(s.pollInterval)
	defer look.Stop()
	for {
		if full, err := insert(); err != nil || !full {
			return err
		}
		select {
		case <-s.room.signal:
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return queues.ErrNotOpened
		}
	}
}

// withRoom calls action with the number of messages that there is room for, or with less if that is no less than what is
// wanted. With a bound it does so in a transaction in which nobody else who keeps it sends.
func (s *session) withRoom(ctx context.Context, wanted int, action func(db querier, room int) error) error {
	if s.limit == 0 {
		return action(s.pool, math.MaxInt)
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var inserted *int64 // nil: the user may not know
		start := &pgx.Batch{}
		start.Queue(s.sql.LockRoom, s.channel)
		start.Queue(s.sql.Inserted, s.table.Messages()).QueryRow(func(row pgx.Row) error { return row.Scan(&inserted) })
		if err := tx.SendBatch(ctx, start).Close(); err != nil {
			return err
		}
		room, err := s.findRoom(ctx, tx, wanted, inserted)
		if err != nil {
			return err
		}
		return action(tx, room)
	})
}

// findRoom counts only if what was counted last does not tell that there is as much room as is wanted.
func (s *session) findRoom(ctx context.Context, tx pgx.Tx, wanted int, inserted *int64) (int, error) {
	r := s.room
	r.mu.Lock()
	counted := r.counted
	r.mu.Unlock()
	if counted.valid && inserted != nil {
		if room := int64(s.limit) - counted.most(*inserted); room >= int64(wanted) {
			return int(room), nil
		}
	}
	room, err := s.countRoom(ctx, tx)
	if err == nil && inserted != nil {
		r.mu.Lock()
		r.counted = tally{messages: int64(s.limit - room), inserted: *inserted, valid: true}
		r.mu.Unlock()
	}
	return room, err
}

// countRoom counts with a statement of its own, which sees what others have sent while this process waited for them.
func (s *session) countRoom(ctx context.Context, db querier) (int, error) {
	var count int
	err := db.QueryRow(ctx, s.sql.CountAll, s.queue, s.limit).Scan(&count)
	return s.limit - count, err
}

// freed tells senders, here and in other processes, that something has gone. Those who do not keep the bound do not.
func (s *session) freed() {
	if s.limit > 0 {
		s.notify.notify(s.table.RoomChannel(s.queue), nothingNew)
	}
}
