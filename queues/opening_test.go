package queues_test

import (
	"context"
	"testing"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// slowStorage is one whose server does not answer when it is opened.
type slowStorage struct{ *fakeStorage }

func (slowStorage) Options() []config.Option { return config.Connecting() }

func (slowStorage) Open(ctx context.Context, _ queues.StorageParams) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestOpeningABroker(t *testing.T) {
	t.Parallel()

	inBubble(t, "ends with options.connect_timeout, with an error that names it", func(t *testing.T) {
		queue := closedQueue(t, slowStorage{newFakeStorage(queues.Traits{})}, "connect_timeout", 3000)
		began := time.Now()
		err := queue.Open(t.Context(), "123")
		require.Equal(t, 3*time.Second, time.Since(began))
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "options.connect_timeout of 3s")
		require.False(t, queue.IsOpen())
	})

	inBubble(t, "logs what the storage has found, at level info", func(t *testing.T) {
		logger := newLogger(clog.LevelInfo)
		queue := closedQueue(t, newFakeStorage(queues.Traits{Remark: "a table of FakeSQL 7"}))
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		require.Contains(t, logger.text(), "Queue orders is a table of FakeSQL 7")
	})

	inBubble(t, "ends with its ctx", func(t *testing.T) {
		queue := closedQueue(t, slowStorage{newFakeStorage(queues.Traits{})}, "connect_timeout", 3000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, queue.Open(ctx, "123"), context.DeadlineExceeded)
	})

	inBubble(t, "takes one client for a queue and its dead-letter queue", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, struct {
			*fakeStorage
			withDead
		}{s, withDead{s}})
		dialed := 0
		client := connect.Client[int]{
			Dial:  func(context.Context, connect.Target) (int, error) { dialed++; return dialed, nil },
			Close: func(int) { dialed-- },
		}
		target := s.params.Target()
		require.Equal(t, "queue "+queue.Name(), target.Name)
		target.Options, _ = config.NewSet(config.Connecting()...).Parse(nil)
		first, err := connect.Acquire(t.Context(), target, nil, client)
		require.NoError(t, err)
		target.Family = s.dead.params.Target().Family
		second, err := connect.Acquire(t.Context(), target, nil, client)
		require.NoError(t, err)
		require.Equal(t, 1, dialed)
		first.Release()
		second.Release()
		require.Zero(t, dialed)
	})
}
