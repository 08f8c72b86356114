package redis

import (
	"context"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Complete(ctx context.Context, held any) error {
	return st.settle(ctx, held, "completing a message", (*session).complete)
}

// CompleteBatch removes the messages of several deliveries with one script.
func (st *storage) CompleteBatch(ctx context.Context, held []any) []error {
	return st.settleAll(ctx, held, "completing messages", (*session).completeAll)
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
	result, err := s.completes.Do(ctx, completing{handle: h})
	return result.ours, err
}

// performCompletes removes the messages of several callers in one step.
func (s *session) performCompletes(calls []*queues.GroupCall[completing]) {
	handles := make([]*handle, len(calls))
	for i, c := range calls {
		handles[i] = c.Value.handle
	}
	answer, err := s.run(s.link.scripts.complete, s.completion(handles)...)
	var ours []bool
	if err == nil {
		ours, err = readCompletion(answer, len(calls))
	}
	for i, c := range calls {
		if err == nil {
			c.Value.ours = ours[i]
		}
		c.Finish(err)
	}
}
