package queues_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

var errFailed = errors.New("failed")

// taken lists what somebody holds.
func taken(s *fakeStorage) []string {
	return slices.DeleteFunc(s.holds(), func(text string) bool { return !strings.HasSuffix(text, "*") })
}

// works is a receiver that works for a time on every message, or until its ctx ends.
func works(forThisLong time.Duration) queues.IMessageReceiver {
	return receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
		select {
		case <-time.After(forThisLong):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func fails(context.Context, *queues.MessageEnvelope) error { return errFailed }

func TestListenerWhoseBrokerFails(t *testing.T) {
	t.Parallel()

	inBubble(t, "tries again, ever more slowly, and is quick again after a success", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		for range 9 {
			s.fails("take", errAway)
		}
		s.has("a")
		received := make(chan string, 2)
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			received <- envelope.MessageId
			return nil
		}))
		require.Equal(t, "a", <-received)
		ms := func(milliseconds ...int) (times []time.Duration) {
			for _, each := range milliseconds {
				times = append(times, time.Duration(each)*time.Millisecond)
			}
			return times
		}
		require.Equal(t, ms(0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300, 21300), s.when("take")[:10])
		require.Contains(t, logger.text(), "dialling broker.local")

		synctest.Wait()
		before := len(s.when("take"))
		s.fails("take", errAway)
		s.has("b")
		require.Equal(t, "b", <-received)
		again := s.when("take")[before:]
		require.Equal(t, 100*time.Millisecond, again[1]-again[0])
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "stops at once while it waits to try again", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		for range 100 {
			s.fails("take", errAway)
		}
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(0))
		pass(time.Minute)
		started := time.Now()
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Zero(t, time.Since(started))
	})

	for name, sentinel := range map[string]error{
		"ErrNotSupported": queues.ErrNotSupported, "ErrBadConfig": queues.ErrBadConfig, "ErrNotOpened": queues.ErrNotOpened,
	} {
		inBubble(t, "gives up what no further attempt can mend: "+name, func(t *testing.T) {
			s := newFakeStorage(queues.Traits{})
			s.fails("take", fmt.Errorf("subscribing: %w", sentinel))
			queue := openQueue(t, s)
			require.ErrorIs(t, queue.Listen(t.Context(), "", works(0)), sentinel)
			require.Len(t, s.called("take"), 1)
		})
	}

	inBubble(t, "keeps a message whose settling fails until its lock runs out", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		s.fails("complete", errAway)
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s, "lock_timeout", 30000)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		queue.BeginListen(t.Context(), "", works(time.Second))
		pass(31 * time.Second)
		require.Equal(t, []string{"complete a", "release a counted"}, s.called("complete", "release"))
		require.Contains(t, logger.text(), "Could not settle message a")
		pass(time.Second)
		require.Empty(t, s.holds())
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestReceiverThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()

	inBubble(t, "fails, and the listener goes on", func(t *testing.T) {
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		var got []string
		queue.BeginListen(t.Context(), "", receiverFunc(func(_ context.Context, envelope *queues.MessageEnvelope) error {
			got = append(got, fmt.Sprint(envelope.MessageId, envelope.DeliveryCount))
			if envelope.MessageId == "a" && envelope.DeliveryCount == 1 {
				runtime.Goexit()
			}
			return nil
		}))
		send := func(id string) {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: id}))
		}
		send("a")
		send("b")
		pass(time.Minute)
		require.Equal(t, []string{"a1", "b1", "a2"}, got)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}
