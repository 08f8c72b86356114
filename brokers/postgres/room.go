package postgres

import (
	"context"
	"math"
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
}

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

// withRoom calls action with the number of messages that there is room for. With a bound it does so in a transaction
// in which nobody else who keeps it sends.
func (s *session) withRoom(ctx context.Context, action func(db querier, room int) error) error {
	if s.limit == 0 {
		return action(s.pool, math.MaxInt)
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, s.sql.LockRoom, s.channel); err != nil {
			return err
		}
		room, err := s.countRoom(ctx, tx) // with a statement of its own, which sees what was sent while this one waited
		if err != nil {
			return err
		}
		return action(tx, room)
	})
}

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
