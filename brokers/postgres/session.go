package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres/internal/table"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mostTogether bounds how many callers one statement serves.
const mostTogether = 100

// session is what one Open has made. Its methods are called between enter and leave.
type session struct {
	lease   *connect.Lease[*database]
	pool    *pgxpool.Pool
	notify  *notifications
	sql     table.Statements
	table   table.Table
	queue   string
	channel string

	lockTimeout    time.Duration
	pollInterval   time.Duration
	settlePatience time.Duration
	limit          int  // of messages; 0: none
	reject         bool // what is over the limit

	closing chan struct{} // closed when nobody enters any more
	calls   sync.WaitGroup
	work    context.Context // ends when Close waits no longer
	stop    context.CancelFunc

	waker  waker
	signal chan struct{} // holds one token: a receiver that waits shall look
	alarm  alarm
	floor  floor

	places *places // of the queue object
	room   *room

	puts      queues.GroupCommit[putting]
	takes     queues.GroupCommit[taking]
	completes queues.GroupCommit[completing]
}

func newSession(lease *connect.Lease[*database], t table.Table, params queues.StorageParams, places *places) *session {
	s := &session{
		lease:          lease,
		pool:           lease.Client.pool,
		notify:         lease.Client.notify,
		sql:            t.Statements(),
		table:          t,
		queue:          params.Queue,
		channel:        t.Channel(params.Queue),
		lockTimeout:    params.LockTimeout,
		pollInterval:   params.Options.Duration(optionPollInterval),
		settlePatience: params.Options.Duration(config.ConnectTimeout),
		limit:          params.MaxMessages,
		reject:         params.RejectWhenFull,
		closing:        make(chan struct{}),
		signal:         make(chan struct{}, 1),
		places:         places,
		room:           newRoom(),
	}
	s.work, s.stop = context.WithCancel(context.Background())
	s.waker.wake = s.notified
	s.alarm.ring = s.wake
	s.floor.interval = s.pollInterval
	s.puts = queues.GroupCommit[putting]{Commit: s.performPuts, MaxCalls: mostTogether, Linger: true}
	s.takes = queues.GroupCommit[taking]{Commit: s.performTakes, MaxCalls: mostTogether}
	s.completes = queues.GroupCommit[completing]{Commit: s.performCompletes, MaxCalls: mostTogether}
	s.notify.subscribe(s.channel, &s.waker)
	if s.waitsForRoom() {
		s.notify.subscribe(t.RoomChannel(s.queue), &s.room.waker)
	}
	return s
}

// close lets calls come to their end as long as ctx lives: one that is broken off may leave a message locked.
func (s *session) close(ctx context.Context) {
	close(s.closing)
	s.alarm.disarm()
	s.notify.unsubscribe(s.channel, &s.waker)
	if s.waitsForRoom() {
		s.notify.unsubscribe(s.table.RoomChannel(s.queue), &s.room.waker)
	}

	hurry := context.AfterFunc(ctx, s.stop)
	s.calls.Wait()
	s.puts.Close()
	s.takes.Close()
	s.completes.Close()
	hurry()
	s.stop()
	s.lease.Release()
}

// fail gives an error of the client its sentinel; those of a call that Close broke off are ErrNotOpened.
func (s *session) fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if s.work.Err() != nil {
		return queues.ErrNotOpened
	}
	return fmt.Errorf("%s: %w", doing, failure(ctx, err))
}

// wake lets one waiting receiver look; if there is none, the next that comes looks twice.
func (s *session) wake() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// notified is called when there are messages with places from that one on, or others that became ready.
func (s *session) notified(place int64) {
	s.floor.lower(place)
	s.wake()
}

// tell wakes receivers of this queue, here at once and in other processes soon. place is as for floor.lower.
func (s *session) tell(place int64) { s.notify.notify(s.channel, place) }
