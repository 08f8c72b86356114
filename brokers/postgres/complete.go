package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Complete(ctx context.Context, held any) error {
	if errs := st.CompleteBatch(ctx, []any{held}); errs != nil {
		return errs[0]
	}
	return nil
}

// CompleteBatch deletes the rows of several deliveries, with one statement and one commit.
func (st *storage) CompleteBatch(ctx context.Context, held []any) []error {
	return st.settleAll(ctx, held, "deleting messages", (*session).complete)
}

// completing is one caller's part of deleting rows.
type completing struct {
	handles []*handle
	found   []bool // of each, when it is done
}

func (s *session) complete(ctx context.Context, handles []*handle) ([]bool, error) {
	done, err := s.completes.Do(ctx, completing{handles: handles})
	return done.found, err
}

// performCompletes deletes the rows of several callers together.
func (s *session) performCompletes(calls []*queues.GroupCall[completing]) {
	var all []*handle
	for _, c := range calls {
		all = append(all, c.Value.handles...)
	}
	found, err := s.deleteRows(all)
	if err == nil {
		s.freed()
	}
	for _, c := range calls {
		n := len(c.Value.handles)
		c.Value.found, found = found[:n:n], found[n:]
		c.Finish(err)
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
