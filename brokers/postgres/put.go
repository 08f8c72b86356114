package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mostSizeTogether is up to which size messages go together with those of other callers. Of these, their bytes are
// copied: a caller may be gone when they are sent.
const mostSizeTogether = 64 << 10

func (st *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	if execute, ok := ctx.Value(withinKey{}).(executor); ok {
		return st.putWithin(ctx, message, execute)
	}
	return st.put(ctx, "inserting a message", message)
}

func (st *storage) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	return st.put(ctx, "inserting messages", messages...)
}

// put inserts messages, all or none, when there is room for them.
func (st *storage) put(ctx context.Context, doing string, messages ...*queues.MessageEnvelope) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	batch := columnsOf(messages...)
	insert := func() (bool, error) { return s.insertAlone(ctx, batch) }
	if batch.size() <= mostSizeTogether {
		batch.own()
		insert = func() (bool, error) { return s.insertTogether(ctx, batch) }
	}
	return s.fail(ctx, doing, s.admit(ctx, len(messages), insert))
}

func (st *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	batch := columnsOf(message)
	err = s.admit(ctx, 1, func() (full bool, err error) {
		err = s.withRoom(ctx, 1, func(db querier, room int) error {
			if full = room < 1; full {
				return nil
			}
			var due time.Time
			return db.QueryRow(ctx, s.sql.PutDelayed, batch.first(s.queue, bounded(delay))...).Scan(&due)
		})
		return full, err
	})
	if err != nil {
		return s.fail(ctx, "inserting a delayed message", err)
	}
	s.alarm.within(delay)
	s.tell(nothingNew) // so that others set their alarms
	return nil
}

// putWithin inserts a message in a transaction that is not ours. It does not wait for room, nor keep others from
// sending until that transaction ends.
func (st *storage) putWithin(ctx context.Context, message *queues.MessageEnvelope, execute executor) error {
	const doing = "inserting a message in the transaction"
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.limit > 0 {
		room, err := s.countRoom(ctx, s.pool)
		if err == nil && room < 1 {
			err = queues.ErrQueueFull
		}
		if err != nil {
			return s.fail(ctx, doing, err)
		}
	}
	batch := columnsOf(message)
	var place time.Time
	if err := execute(ctx, s.sql.PutAndNotify, append(batch.first(s.queue, s.places.least()), s.channel), &place); err != nil {
		return s.fail(ctx, doing, err)
	}
	s.places.given(place) // also if the transaction is rolled back: places need not be without gaps
	return nil
}

// insert inserts messages with one statement.
func (s *session) insert(ctx context.Context, db querier, batch columns) (last time.Time, err error) {
	if batch.count() == 1 {
		err = db.QueryRow(ctx, s.sql.Put, batch.first(s.queue, s.places.least())...).Scan(&last)
	} else {
		err = db.QueryRow(ctx, s.sql.PutBatch, batch.all(s.queue, s.places.least())...).Scan(&last)
	}
	return last, err
}

// inserted tells of messages that are there now.
func (s *session) inserted(count int, last time.Time) {
	s.places.given(last)
	s.tell(last.UnixMicro() - int64(count) + 1)
}

// insertAlone inserts messages that are too large to go with others. It reports full, and inserts none, if there
// is no room for all of them.
func (s *session) insertAlone(ctx context.Context, batch columns) (full bool, err error) {
	var last time.Time
	err = s.withRoom(ctx, batch.count(), func(db querier, room int) (err error) {
		if full = room < batch.count(); !full {
			last, err = s.insert(ctx, db, batch)
		}
		return err
	})
	if err == nil && !full {
		s.inserted(batch.count(), last)
	}
	return full, err
}

// putting is one caller's part of inserting messages.
type putting struct {
	messages columns
	full     bool // there was no room
}

// insertTogether inserts messages with those of other callers. It reports full, and inserts none, if there is no
// room for all of them.
func (s *session) insertTogether(ctx context.Context, batch columns) (full bool, err error) {
	done, err := s.puts.Do(ctx, putting{messages: batch})
	return done.full, err
}

// performPuts inserts the messages of several callers with one statement. If the server refuses that, each has
// a statement of its own: it may be that only one is bad.
func (s *session) performPuts(calls []*queues.GroupCall[putting]) {
	err := s.insertFor(calls)
	if _, refused := errors.AsType[*pgconn.PgError](err); refused && len(calls) > 1 {
		for i := range calls {
			s.performPuts(calls[i : i+1])
		}
		return
	}
	for _, c := range calls {
		c.Finish(err)
	}
}

func (s *session) insertFor(calls []*queues.GroupCall[putting]) error {
	var batch columns
	var last time.Time
	wanted := 0
	for _, c := range calls {
		wanted += c.Value.messages.count()
	}
	err := s.withRoom(s.work, wanted, func(db querier, room int) (err error) {
		batch = columns{}
		for _, c := range calls {
			if c.Value.full = room < c.Value.messages.count(); !c.Value.full && !c.Gone() {
				room -= c.Value.messages.count()
				batch.append(c.Value.messages)
			}
		}
		if batch.count() > 0 {
			last, err = s.insert(s.work, db, batch)
		}
		return err
	})
	if err == nil && batch.count() > 0 {
		s.inserted(batch.count(), last)
	}
	return err
}
