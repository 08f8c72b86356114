package queues

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Settlement ends deliveries, for a storage whose broker keeps the locks, also when its server is away for a
// moment: a message that was worked on would be delivered once more otherwise. It tries again, ever more rarely, as
// long as the lock of a delivery holds, Limit allows, and ctx and the storage live. H is what the storage makes handles of.
type Settlement[H any] struct {
	// Attempt ends deliveries, and tells of each whether the broker knew it as this one's. A second attempt for the
	// same delivery must do no harm.
	Attempt func(ctx context.Context, handles []H) (known []bool, err error)
	// Doubtful tells whether an attempt that failed with err may have been carried out: then what is not known at the
	// next one is taken for ended.
	Doubtful func(err error) bool
	// Explain says what was being done, and gives err its sentinel. What is ErrNoConnection is tried again.
	Explain func(err error) error
	// Expiry is when the lock of a delivery ends.
	Expiry func(handle H) time.Time

	First   time.Duration   // after which the second attempt follows; the next ones after twice as long each, up to a second
	Limit   time.Duration   // of all attempts: options.connect_timeout
	Closing <-chan struct{} // closed when the storage closes
}

// maxSettleDelay bounds the delay between attempts to settle.
const maxSettleDelay = time.Second

// Do returns nil when all deliveries are ended, else an error for each handle, in their order: nil, ErrLockLost, or
// what Explain says.
func (s Settlement[H]) Do(ctx context.Context, handles []H) []error {
	errs := make([]error, len(handles))
	open := make([]int, len(handles)) // which are not ended
	for i := range open {
		open[i] = i
	}
	began, doubt := time.Now(), false
	for delay := s.First; len(open) > 0; delay = min(2*delay, maxSettleDelay) {
		known, err := s.Attempt(ctx, at(handles, open))
		if err == nil {
			for i, number := range open {
				if !known[i] && !doubt {
					errs[number] = ErrLockLost
				}
			}
			break
		}
		doubt = doubt || s.Doubtful(err)
		err = s.Explain(err)
		next := time.Now().Add(delay)
		hope := errors.Is(err, ErrNoConnection) && next.Sub(began) <= s.Limit
		open = slices.DeleteFunc(open, func(number int) bool {
			if hope && !next.After(s.Expiry(handles[number])) {
				return false
			}
			errs[number] = err
			return true
		})
		if len(open) > 0 && !s.await(ctx, next) {
			for _, number := range open {
				errs[number] = err
			}
			break
		}
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

// at returns the handles with these numbers.
func at[H any](handles []H, numbers []int) []H {
	if len(numbers) == len(handles) {
		return handles
	}
	found := make([]H, len(numbers))
	for i, number := range numbers {
		found[i] = handles[number]
	}
	return found
}

// await waits until next. It reports false if ctx or the storage ends before.
func (s Settlement[H]) await(ctx context.Context, next time.Time) bool {
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	case <-s.Closing:
		return false
	}
}
