package redis

import (
	"context"
	"errors"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Look(ctx context.Context, max int) ([]*queues.MessageEnvelope, error) {
	const doing = "looking at messages"
	answer, err := st.ask(ctx, doing, func(s *session) (script, []any) { return s.link.scripts.look, []any{s.group, max} })
	if err != nil {
		return nil, err
	}
	entries, ok := answer.([]any)
	if !ok {
		return nil, unexpected(doing, answer)
	}
	messages := make([]*queues.MessageEnvelope, len(entries))
	for i, entry := range entries {
		parts, ok := entry.([]any)
		if !ok || len(parts) != 2 {
			return nil, unexpected(doing, entry)
		}
		id, isText := parts[0].(string)
		fields, isList := parts[1].([]any)
		if !isText || !isList {
			return nil, unexpected(doing, entry)
		}
		message, err := readEntry(id, fields)
		if err != nil {
			return nil, err
		}
		messages[i] = &message
	}
	return messages, nil
}

func (st *storage) Count(ctx context.Context) (int64, error) {
	ready, _, _, err := st.CountByState(ctx)
	return ready, err
}

// CountByState counts exactly, whoever has the messages, in the same time however many there are.
func (st *storage) CountByState(ctx context.Context) (ready, locked, delayed int64, err error) {
	const doing = "counting messages"
	answer, err := st.ask(ctx, doing, func(s *session) (script, []any) { return s.link.scripts.count, []any{s.group} })
	if err != nil {
		return 0, 0, 0, err
	}
	counts, ok := answer.([]any)
	if !ok || len(counts) != 3 {
		return 0, 0, 0, unexpected(doing, answer)
	}
	for i, count := range []*int64{&ready, &locked, &delayed} {
		if *count, ok = counts[i].(int64); !ok {
			return 0, 0, 0, unexpected(doing, counts[i])
		}
		*count = max(*count, 0) // programs of others may have deleted what was pending
	}
	return ready, locked, delayed, nil
}

// Purge removes all messages of the queue, those that anyone holds included.
func (st *storage) Purge(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), queues.ErrLockLost) {
		ctx = context.WithoutCancel(ctx) // a receiver clears its own queue, and the base has ended its ctx for that
	}
	_, err := st.ask(ctx, "removing all messages", func(s *session) (script, []any) { return s.link.scripts.purge, []any{s.group} })
	return err
}

// ask runs a script that is of nobody's delivery.
func (st *storage) ask(ctx context.Context, doing string, what func(s *session) (script, []any)) (any, error) {
	s, err := st.enter()
	if err != nil {
		return nil, err
	}
	defer s.calls.Done()
	script, arguments := what(s)
	answer, err := s.ask(ctx, script, s.keys, arguments...)
	return answer, fail(ctx, doing, err)
}
