package rabbitmq

import (
	"context"
	"fmt"
	"slices"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// CompleteBatch acknowledges messages, those in a row of a channel at once. Like Complete it gets no answer.
func (st *storage) CompleteBatch(_ context.Context, values []any) []error {
	errs := make([]error, len(values))
	s, err := st.enter()
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	defer s.calls.Done()
	together := map[*lane]group{}
	for i, value := range values {
		h, ok := value.(*handle)
		switch {
		case !ok:
			errs[i] = fmt.Errorf("completing: %w: %T is not a handle of this storage", queues.ErrBadMessage, value)
		case h.feed != nil && h.feed.isEnding():
			errs[i] = s.fail("completing", h.ack()) // when it has ended
		default:
			together[h.lane] = together[h.lane].with(h, i)
		}
	}
	for l, each := range together {
		err := s.fail("completing", l.complete(each.handles))
		for _, i := range each.places {
			errs[i] = err
		}
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

// group are the messages of a batch that one channel has delivered, and their places in the batch.
type group struct {
	handles []*handle
	places  []int
}

func (g group) with(h *handle, place int) group {
	return group{append(g.handles, h), append(g.places, place)}
}

// complete acknowledges messages that this channel has delivered.
func (l *lane) complete(handles []*handle) error {
	for _, h := range handles {
		h.settled() // before the server knows; see tell
	}
	return handles[0].done(l.ledger.complete(handles, l.ch.Ack))
}
