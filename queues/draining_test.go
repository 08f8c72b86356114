package queues_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// slowToRelease is a storage that takes a while to release, and gives up when ctx ends.
type slowToRelease struct {
	*fakeStorage
	takes time.Duration
}

func (s slowToRelease) Release(ctx context.Context, handle any, counted bool) error {
	select {
	case <-time.After(s.takes):
		return s.fakeStorage.Release(ctx, handle, counted)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestStopping(t *testing.T) {
	t.Parallel()

	inBubble(t, "lets receivers in work finish within drain_timeout", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b")
		queue := openQueue(t, s, "drain_timeout", 10000)
		queue.BeginListen(t.Context(), "", works(9*time.Second))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, 9*time.Second, time.Since(started))
		require.Equal(t, []string{"b 0"}, s.holds())
	})

	inBubble(t, "ends their ctx after that and gives their messages back uncounted, whatever they return", func(t *testing.T) {
		for _, outcome := range []error{nil, errFailed, queues.NewPermanentError(errFailed)} {
			s, storage := newAbleStorage(queues.LocksByBase)
			s.has("a")
			queue := openQueue(t, storage, "drain_timeout", 10000, "max_deliveries", 1)
			var cause error
			queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return outcome
			}))
			synctest.Wait()
			started := time.Now()
			require.NoError(t, queue.Close(t.Context(), ""))
			require.Equal(t, 10*time.Second, time.Since(started))
			require.ErrorContains(t, cause, "drain_timeout")
			require.NotErrorIs(t, cause, queues.ErrLockLost)
			require.Equal(t, []string{"a 0"}, s.holds())
			require.Empty(t, s.called("release a counted", "complete", "bury", "stale"))
		}
	})

	inBubble(t, "by EndListen makes Listen return nil, whatever becomes of its ctx meanwhile", func(t *testing.T) {
		for _, test := range []struct {
			first, then string
			want        error
		}{
			{"EndListen", "ctx", nil},
			{"Close", "ctx", nil},
			{"ctx", "EndListen", context.Canceled},
			{"ctx", "Close", context.Canceled},
		} {
			s := newFakeStorage(queues.Traits{})
			s.has("a")
			queue := openQueue(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- queue.Listen(ctx, "", works(time.Second)) }()
			synctest.Wait()
			for _, what := range []string{test.first, test.then} {
				switch what {
				case "ctx":
					cancel()
				case "EndListen":
					queue.EndListen(t.Context(), "")
				case "Close":
					go func() { _ = queue.Close(context.Background(), "") }()
				}
				synctest.Wait()
			}
			require.Equal(t, test.want, <-ended, "%s, then %s", test.first, test.then)
			cancel()
		}
	})

	inBubble(t, "asks the broker for no more once it has begun", func(t *testing.T) {
		for _, prefetch := range []int{0, 3} {
			s := newFakeStorage(queues.Traits{Prefetch: prefetch})
			s.has("a")
			queue := openQueue(t, s)
			queue.BeginListen(t.Context(), "", works(time.Second))
			synctest.Wait()
			queue.EndListen(t.Context(), "")
			s.has("b")
			pass(time.Minute)
			require.Equal(t, []string{"b 0"}, s.holds())
			require.Len(t, s.called("take"), 1)
		}
	})

	inBubble(t, "does not wait longer than the ctx of Close", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s, "drain_timeout", 60000)
		queue.BeginListen(t.Context(), "", works(time.Hour))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, time.Second, time.Since(started))
		require.Equal(t, []string{"a 0"}, s.holds())
	})

	inBubble(t, "waits a moment for receivers that do not heed their ctx, and says so", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s, "drain_timeout", 1000)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			time.Sleep(time.Hour)
			return nil
		}))
		synctest.Wait()
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.LessOrEqual(t, time.Since(started), 5*time.Second)
		require.Equal(t, []string{"a 0"}, s.holds())
		require.Contains(t, logger.text(), "do not return")
		pass(time.Hour)
		require.Equal(t, []string{"release a uncounted"}, s.called("release", "complete", "stale"))
	})

	inBubble(t, "takes no message that arrives after EndListen", func(t *testing.T) {
		for _, prefetch := range []int{0, 3} {
			s := newFakeStorage(queues.Traits{Prefetch: prefetch})
			queue := openQueue(t, s)
			queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
				t.Error("a message that came after EndListen was handed to the receiver")
				return nil
			}))
			synctest.Wait()
			queue.EndListen(t.Context(), "")
			s.has("a")
			synctest.Wait()
			require.Equal(t, []string{"a 0"}, s.holds())
			require.Equal(t, 1, receiveNow(t, queue).DeliveryCount)
		}
	})
}

func TestClosingWhileACallIsUnderWay(t *testing.T) {
	t.Parallel()

	inBubble(t, "loses no message that a Receive has just taken", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		proceed := s.blocks(t, "take")
		received := make(chan error, 1)
		go func() {
			envelope, err := queue.Receive(t.Context(), "", time.Minute)
			if envelope != nil {
				err = errors.New("the closed queue handed out a message")
			}
			received <- err
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = queue.Close(t.Context(), "")
		}()
		synctest.Wait()
		proceed()
		require.ErrorIs(t, <-received, queues.ErrNotOpened)
		<-closed
		require.Equal(t, []string{"a 0"}, s.holds(), "it is ready again when the queue is opened again")
	})

	inBubble(t, "loses no message that a Complete which fails was about to remove", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s)
		envelope := receiveNow(t, queue)
		proceed := s.blocks(t, "complete")
		s.fails("complete", errAway)
		completed := make(chan error, 1)
		go func() { completed <- queue.Complete(t.Context(), envelope) }()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = queue.Close(t.Context(), "")
		}()
		synctest.Wait()
		proceed()
		require.Error(t, <-completed)
		<-closed
		require.Contains(t, s.called("release"), "release a uncounted", "it is given back before the storage closes")
		require.Equal(t, []string{"a 0"}, s.holds())
	})
}
