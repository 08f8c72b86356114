package redis

import (
	"context"
	"errors"
	"slices"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Complete(ctx context.Context, held any) error {
	return st.settle(ctx, held, "completing a message", (*session).complete)
}

// CompleteBatch removes the messages of several deliveries with one script. While the server is away it tries
// again, as settle does, for those whose locks hold.
func (st *storage) CompleteBatch(ctx context.Context, held []any) []error {
	errs := make([]error, len(held))
	s, err := st.enter()
	if err != nil {
		return fill(errs, err)
	}
	defer s.calls.Done()
	handles := make([]*handle, len(held))
	for i := range held {
		if handles[i], err = handleOf(held[i]); err != nil {
			return fill(errs, err)
		}
	}
	retry := s.newRetry()
	doubt := false // whether an attempt may have removed them
	for {
		ours, err := s.completeAll(ctx, pick(handles, errs))
		if err == nil {
			return judge(errs, ours, doubt)
		}
		doubt = doubt || isDoubtful(err)
		err = fail(ctx, "completing messages", err)
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

// judge says of those that have no error yet what it means whether they were ours; nil if no error is left.
func judge(errs []error, ours []bool, doubt bool) []error {
	failed := false
	for i := range errs {
		if errs[i] == nil {
			if !ours[0] && !doubt {
				errs[i] = queues.ErrLockLost
			}
			ours = ours[1:]
		}
		failed = failed || errs[i] != nil
	}
	if !failed {
		return nil
	}
	return errs
}

// completeAll removes the messages of deliveries, and tells of each whether it was this delivery's still.
func (s *session) completeAll(ctx context.Context, handles []*handle) ([]bool, error) {
	answer, err := s.ask(ctx, s.link.scripts.complete, s.keys, s.completion(handles)...)
	if err != nil {
		return nil, err
	}
	return readCompletion(answer, len(handles))
}

// completion is what the script that completes takes.
func (s *session) completion(handles []*handle) []any {
	arguments := append(make([]any, 0, 1+2*len(handles)), s.group)
	for _, h := range handles {
		arguments = append(arguments, h.id, h.record)
	}
	return arguments
}

// readCompletion reads what it answers.
func readCompletion(answer any, count int) ([]bool, error) {
	results, _ := answer.([]any)
	if len(results) != count {
		return nil, unexpected("completing messages", answer)
	}
	ours := make([]bool, count)
	for i := range ours {
		ours[i] = results[i] == int64(1)
	}
	return ours, nil
}

// completing is one caller's part of removing several.
type completing struct {
	handle *handle
	ours   bool
}

func (s *session) complete(ctx context.Context, h *handle) (bool, error) {
	result, err := s.completes.do(ctx, completing{handle: h}, 0)
	return result.ours, err
}

// performCompletes removes the messages of several callers in one step.
func (s *session) performCompletes(calls []*call[completing]) {
	handles := make([]*handle, len(calls))
	for i, c := range calls {
		handles[i] = c.value.handle
	}
	answer, err := s.run(s.link.scripts.complete, s.completion(handles)...)
	var ours []bool
	if err == nil {
		ours, err = readCompletion(answer, len(calls))
	}
	for i, c := range calls {
		if err == nil {
			c.value.ours = ours[i]
		}
		c.finish(err)
	}
}
