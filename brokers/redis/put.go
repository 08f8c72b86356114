package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (st *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	return st.put(ctx, "appending a message", 0, message)
}

func (st *storage) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	return st.put(ctx, "appending messages", 0, messages...)
}

func (st *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	return st.put(ctx, "storing a delayed message", milliseconds(delay), message)
}

// putting is one caller's part of appending.
type putting struct {
	arguments []any  // of the script
	size      int    // of the payloads
	full      string // if there was no room: the id to watch the signal from
}

func (p putting) total() int { return p.size }

// put appends messages, all or none. With a bound it waits for room, or does not.
func (st *storage) put(ctx context.Context, doing string, delay int64, messages ...*queues.MessageEnvelope) error {
	s, err := st.enter()
	if err != nil {
		return err
	}
	defer s.calls.Done()
	if s.limit > 0 && len(messages) > s.limit {
		return queues.ErrQueueFull
	}
	wanted, err := newPutting(delay, messages, s.link.server.maxString)
	if err != nil {
		return err
	}
	full, err := s.putOnce(ctx, wanted)
	if err != nil || full == "" {
		return fail(ctx, doing, err)
	}
	if s.reject {
		return queues.ErrQueueFull
	}
	return fail(ctx, doing, s.room.wait(ctx, func() (string, error) { return s.putOnce(ctx, wanted) }))
}

func newPutting(delay int64, messages []*queues.MessageEnvelope, maxString int) (wanted putting, err error) {
	const typical = 13 // arguments of a message without headers
	wanted.arguments = append(make([]any, 0, 2+typical*len(messages)), delay, len(messages))
	for _, message := range messages {
		at := len(wanted.arguments)
		wanted.arguments = append(wanted.arguments, 0)
		if wanted.arguments, err = appendFields(wanted.arguments, message, maxString); err != nil {
			return putting{}, err
		}
		wanted.arguments[at] = len(wanted.arguments) - at - 1
		wanted.size += len(message.Message)
	}
	return wanted, nil
}

// putOnce appends messages if there is room for all of them; if not, it returns the id to watch the signal from.
func (s *session) putOnce(ctx context.Context, wanted putting) (full string, err error) {
	result, err := s.puts.Do(ctx, wanted)
	return result.full, err
}

// performPuts appends the messages of several callers in one step.
func (s *session) performPuts(calls []*queues.GroupCall[putting]) {
	count := 1
	for _, c := range calls {
		count += len(c.Value.arguments)
	}
	arguments := append(make([]any, 0, count), s.limit)
	for _, c := range calls {
		arguments = append(arguments, c.Value.arguments...)
	}
	answer, err := s.run(s.link.scripts.put, arguments...)
	results, _ := answer.([]any)
	if err == nil && len(results) != len(calls) {
		err = unexpected("appending messages", answer)
	}
	for i, c := range calls {
		if err == nil {
			c.Value.full, _ = results[i].(string)
		}
		c.Finish(err)
	}
}

// room is where senders wait when the queue is full: one of them watches, the others stand behind it.
type room struct {
	session *session
	turn    chan struct{} // takes the token of who is first
	watcher *watcher
}

func newRoom(s *session) *room {
	return &room{session: s, turn: make(chan struct{}, 1), watcher: newWatcher(s, s.keys.signal())}
}

// wait calls try until it finds room, whenever there may be some; without, try returns the id to watch from.
func (r *room) wait(ctx context.Context, try func() (string, error)) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	case <-r.session.closing:
		return queues.ErrNotOpened
	}
	for failed := false; ; {
		from, err := try()
		if err != nil || from == "" {
			return err
		}
		r.watcher.watch(from)
		select {
		case err = <-r.watcher.reports:
			r.watcher.received()
			if err != nil && failed {
				return fmt.Errorf("waiting for room: %w", err)
			}
			failed = err != nil
		case <-ctx.Done():
			return ctx.Err()
		case <-r.session.closing:
			return queues.ErrNotOpened
		}
	}
}
