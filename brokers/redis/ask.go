package redis

import (
	"context"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// asking is a script that serves one caller. It is a group of one, so that the caller can go when its ctx
// ends, for which the client does not look up from a server that does not answer.
type asking struct {
	script    script
	keys      keys
	arguments []any
	answer    any
}

// askers is how many of them are under way at a time.
const askers = 4

func (s *session) ask(ctx context.Context, script script, keys keys, arguments ...any) (any, error) {
	done, err := s.asks.Do(ctx, asking{script: script, keys: keys, arguments: arguments})
	return done.answer, err
}

func (s *session) performAsks(calls []*queues.GroupCall[asking]) {
	for _, c := range calls {
		var err error
		c.Value.answer, err = s.link.run(context.Background(), c.Value.script, c.Value.keys, c.Value.arguments...)
		c.Finish(err)
	}
}
