package rabbitmq

import (
	"context"
	"fmt"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// CompleteBatch acknowledges messages, those in a row of a channel at once. Like Complete it gets no answer.
func (st *storage) CompleteBatch(_ context.Context, values []any) []error {
	s, err := st.enter()
	if err != nil {
		return failAll(len(values), err)
	}
	defer s.calls.Done()
	var errs []error
	failed := func(i int, err error) {
		if errs == nil {
			errs = make([]error, len(values))
		}
		errs[i] = s.fail("completing", err)
	}
	together := map[*lane][]*handle{}
	for i, value := range values {
		h, ok := value.(*handle)
		switch {
		case !ok:
			failed(i, fmt.Errorf("%w: %T is not a handle of this storage", queues.ErrBadMessage, value))
		case h.feed != nil && h.feed.isEnding():
			if err := h.ack(); err != nil {
				failed(i, err)
			}
		default:
			together[h.lane] = append(together[h.lane], h)
		}
	}
	for l, handles := range together {
		for _, h := range handles {
			h.settled() // before the server knows; see tell
		}
		err := l.ledger.complete(handles, l.ch.Ack)
		for i, value := range values {
			if h, ok := value.(*handle); ok && err != nil && h.lane == l && (errs == nil || errs[i] == nil) {
				failed(i, h.done(err))
			}
		}
	}
	return errs
}

func failAll(count int, err error) []error {
	errs := make([]error, count)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
