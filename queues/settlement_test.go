package queues_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// attempts is a broker that settles: each attempt has the next answer, and is written down.
type attempts struct {
	began   time.Time
	answers []func(handles []int) ([]bool, error)
	made    []string
}

// knows answers that these deliveries are known.
func knows(known ...bool) func([]int) ([]bool, error) {
	return func([]int) ([]bool, error) { return known, nil }
}

func failsWith(err error) func([]int) ([]bool, error) {
	return func([]int) ([]bool, error) { return nil, err }
}

var (
	errUnsent  = errors.New("not sent")
	errNoReply = errors.New("no reply")
	errRefused = errors.New("refused")
)

func (a *attempts) settlement() queues.Settlement[int] {
	a.began = time.Now()
	return queues.Settlement[int]{
		Attempt: func(_ context.Context, handles []int) ([]bool, error) {
			a.made = append(a.made, fmt.Sprintf("%s %v", time.Since(a.began), handles))
			answer := a.answers[min(len(a.made), len(a.answers))-1]
			return answer(handles)
		},
		Doubtful: func(err error) bool { return errors.Is(err, errNoReply) },
		Explain: func(err error) error {
			if errors.Is(err, errRefused) {
				return err
			}
			return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
		},
		// The lock of handle n ends after n seconds.
		Expiry: func(handle int) time.Time { return a.began.Add(time.Duration(handle) * time.Second) },
		First:  100 * time.Millisecond,
		Limit:  4 * time.Second,
	}
}

func TestSettlement(t *testing.T) {
	t.Parallel()

	inBubble(t, "ends all in one attempt", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){knows(true, true)}}
		require.Nil(t, a.settlement().Do(t.Context(), []int{10, 20}))
		require.Equal(t, []string{"0s [10 20]"}, a.made)
	})

	inBubble(t, "has a word for each: what the broker does not know is lost", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){knows(true, false, true)}}
		require.Equal(t, []error{nil, queues.ErrLockLost, nil}, a.settlement().Do(t.Context(), []int{10, 20, 30}))
	})

	inBubble(t, "tries again while the server is away, ever more rarely, up to the limit", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){failsWith(errUnsent)}}
		errs := a.settlement().Do(t.Context(), []int{10})
		require.ErrorIs(t, errs[0], queues.ErrNoConnection)
		require.Equal(t, []string{"0s [10]", "100ms [10]", "300ms [10]", "700ms [10]", "1.5s [10]", "2.5s [10]", "3.5s [10]"}, a.made)
	})

	inBubble(t, "gives those up whose locks end meanwhile", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){
			failsWith(errUnsent), failsWith(errUnsent), failsWith(errUnsent), failsWith(errUnsent), knows(true),
		}}
		errs := a.settlement().Do(t.Context(), []int{1, 10})
		require.ErrorIs(t, errs[0], queues.ErrNoConnection)
		require.NoError(t, errs[1])
		require.Equal(t, []string{"0s [1 10]", "100ms [1 10]", "300ms [1 10]", "700ms [1 10]", "1.5s [10]"}, a.made)
	})

	inBubble(t, "takes for ended what an attempt without an answer may have ended", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){failsWith(errNoReply), knows(false)}}
		require.Nil(t, a.settlement().Do(t.Context(), []int{10}))
		a = &attempts{answers: []func([]int) ([]bool, error){failsWith(errNoReply), failsWith(errUnsent), knows(false)}}
		require.Nil(t, a.settlement().Do(t.Context(), []int{10}), "whatever came in between")
		a = &attempts{answers: []func([]int) ([]bool, error){failsWith(errUnsent), knows(false)}}
		require.Equal(t, []error{queues.ErrLockLost}, a.settlement().Do(t.Context(), []int{10}))
	})

	inBubble(t, "does not try again what was refused", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){failsWith(errRefused)}}
		require.Equal(t, []error{errRefused, errRefused}, a.settlement().Do(t.Context(), []int{10, 20}))
		require.Len(t, a.made, 1)
	})

	inBubble(t, "ends with ctx, and when the storage closes", func(t *testing.T) {
		a := &attempts{answers: []func([]int) ([]bool, error){failsWith(errUnsent)}}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.settlement().Do(ctx, []int{10})[0], queues.ErrNoConnection)
		require.Equal(t, 200*time.Millisecond, time.Since(a.began))

		s := a.settlement()
		closing := make(chan struct{})
		close(closing)
		s.Closing = closing
		require.ErrorIs(t, s.Do(t.Context(), []int{10})[0], queues.ErrNoConnection)
		require.Zero(t, time.Since(a.began))
	})
}
