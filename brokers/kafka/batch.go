package kafka

import (
	"context"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

var _ queues.BatchCompleter = (*storage)(nil)

// CompleteBatch completes messages together: what must be confirmed waits for one confirmation.
func (st *storage) CompleteBatch(ctx context.Context, handles []any) []error {
	s := st.session()
	if s == nil {
		return sameForAll(handles, queues.ErrNotOpened)
	}
	errs := s.consumer.completeBatch(ctx, handles)
	for i, err := range errs {
		errs[i] = fail(ctx, "completing a message", err)
	}
	return errs
}

// sameForAll is one error for each handle.
func sameForAll(handles []any, err error) []error {
	errs := make([]error, len(handles))
	for i := range errs {
		errs[i] = err
	}
	return errs
}
