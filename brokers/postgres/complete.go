package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Complete(ctx context.Context, held any) error {
	if errs := st.CompleteBatch(ctx, []any{held}); errs != nil {
		return errs[0]
	}
	return nil
}

// CompleteBatch deletes the rows of several deliveries, with one statement and one commit. While the server is
// away it tries again, as settle does, for those whose locks hold.
func (st *storage) CompleteBatch(ctx context.Context, held []any) []error {
	errs := make([]error, len(held))
	s, ctx, leave, err := st.enter(ctx)
	if err != nil {
		return fill(errs, err)
	}
	defer leave()
	handles := make([]*handle, len(held))
	for i := range held {
		if handles[i], err = handleOf(held[i]); err != nil {
			return fill(errs, err)
		}
	}
	retry := s.newRetry()
	doubt := false // whether an attempt may have deleted them
	for {
		found, err := s.complete(ctx, pick(handles, errs))
		if err == nil {
			return verdicts(errs, found, doubt)
		}
		doubt = doubt || !pgconn.SafeToRetry(err)
		err = s.fail(ctx, "deleting messages", err)
		again := errors.Is(err, queues.ErrNoConnection) && retry.Again()
		for i, h := range handles {
			if errs[i] == nil && (!again || outlasts(retry, h)) {
				errs[i] = err
			}
		}
		if !slices.Contains(errs, nil) || !retry.Await(ctx, s.closing) {
			return fill(errs, err)
		}
	}
}

// fill gives an error to each that has none.
func fill(errs []error, err error) []error {
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
	return errs
}

// pick returns the handles that have no error.
func pick(handles []*handle, errs []error) []*handle {
	left := make([]*handle, 0, len(handles))
	for i, h := range handles {
		if errs[i] == nil {
			left = append(left, h)
		}
	}
	return left
}

// verdicts says of those that have no error yet what it means whether their rows were there; nil if no error is left.
func verdicts(errs []error, found []bool, doubt bool) []error {
	failed := false
	for i := range errs {
		if errs[i] == nil {
			if !found[0] && !doubt {
				errs[i] = queues.ErrLockLost
			}
			found = found[1:]
		}
		failed = failed || errs[i] != nil
	}
	if !failed {
		return nil
	}
	return errs
}

// completing is one caller's part of deleting rows.
type completing struct {
	handles []*handle
	found   []bool // of each, when it is done
	err     error
}

func (s *session) complete(ctx context.Context, handles []*handle) ([]bool, error) {
	done, err := s.completes.do(ctx, completing{handles: handles})
	if err == nil {
		err = done.err
	}
	return done.found, err
}

// performCompletes deletes the rows of several callers together.
func (s *session) performCompletes(calls []*call[completing]) {
	var all []*handle
	for _, c := range calls {
		all = append(all, c.value.handles...)
	}
	found, err := s.deleteRows(all)
	if err == nil {
		s.freed()
	}
	for _, c := range calls {
		n := len(c.value.handles)
		if c.claim() {
			c.value.found, c.value.err = found[:n:n], err
			c.finish()
		}
		found = found[n:]
	}
}

// deleteRows tells of each delivery whether its row was there.
func (s *session) deleteRows(handles []*handle) ([]bool, error) {
	found := make([]bool, len(handles))
	if len(handles) == 1 {
		var err error
		found[0], err = s.change(s.work, s.sql.Complete, handles[0].id, handles[0].token)
		return found, err
	}
	order := make([]int, len(handles))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(handles[a].id, handles[b].id) }) // in which rows are locked, always
	ids, tokens := make([]int64, len(order)), make([]token, len(order))
	for i, at := range order {
		ids[i], tokens[i] = handles[at].id, handles[at].token
	}
	rows, _ := s.pool.Query(s.work, s.sql.CompleteAll, ids, tokens) // its error comes with the rows
	var number int
	_, err := pgx.ForEachRow(rows, []any{&number}, func() error {
		found[order[number-1]] = true
		return nil
	})
	return found, err
}
