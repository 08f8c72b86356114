package postgres

import (
	"context"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Look(ctx context.Context, max int) ([]*queues.MessageEnvelope, error) {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := s.pool.Query(ctx, s.sql.Look, s.queue, max)
	if err != nil {
		return nil, s.fail(ctx, "looking at messages", err)
	}
	rows, err := readRows(found, max, (*row).scan)
	if err != nil {
		return nil, s.fail(ctx, "looking at messages", err)
	}
	envelopes := make([]*queues.MessageEnvelope, len(rows))
	for i := range rows {
		envelopes[i] = &rows[i].envelope
	}
	return envelopes, nil
}

func (st *storage) Count(ctx context.Context) (count int64, err error) {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	if err := s.pool.QueryRow(ctx, s.sql.Count, s.queue).Scan(&count); err != nil {
		return 0, s.fail(ctx, "counting messages", err)
	}
	return count, nil
}

// CountByState counts exactly, whoever has the messages.
func (st *storage) CountByState(ctx context.Context) (ready, locked, delayed int64, err error) {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer leave()
	if err := s.pool.QueryRow(ctx, s.sql.CountByState, s.queue).Scan(&ready, &locked, &delayed); err != nil {
		return 0, 0, 0, s.fail(ctx, "counting messages", err)
	}
	return ready, locked, delayed, nil
}

// Purge removes all messages of the queue, those that anyone holds included.
func (st *storage) Purge(ctx context.Context) error {
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if _, err := s.pool.Exec(ctx, s.sql.Purge, s.queue); err != nil {
		return s.fail(ctx, "deleting messages", err)
	}
	s.freed()
	return nil
}
