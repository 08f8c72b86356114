package queues_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
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

// gatedStorage is one that is opened when a test lets it, however long that takes.
type gatedStorage struct {
	*fakeStorage
	withDead
	gate chan struct{}
}

func newGatedStorage() gatedStorage {
	s := newFakeStorage(queues.Traits{})
	return gatedStorage{s, withDead{s}, make(chan struct{})}
}

func (s gatedStorage) Open(_ context.Context, params queues.StorageParams) error {
	<-s.gate
	return s.fakeStorage.Open(context.Background(), params)
}

// opening calls Open, until the storage is asked to open.
func opening(t *testing.T, queue queues.IMessageQueue) <-chan error {
	opened := make(chan error, 1)
	go func() { opened <- queue.Open(t.Context(), "123") }()
	synctest.Wait()
	return opened
}

func TestCloseDuringOpen(t *testing.T) {
	t.Parallel()

	inBubble(t, "ends it: Open returns ErrNotOpened, and the queue is closed", func(t *testing.T) {
		queue := closedQueue(t, slowStorage{newFakeStorage(queues.Traits{})}, "connect_timeout", 60000)
		failed := opening(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.ErrorIs(t, <-failed, queues.ErrNotOpened)
		require.False(t, queue.IsOpen())
	})

	inBubble(t, "waits a moment for a storage that does not heed its ctx, says so, and closes it when it is open", func(t *testing.T) {
		s := newGatedStorage()
		logger := newLogger(clog.LevelError)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		failed := opening(t, queue)
		started := time.Now()
		require.NoError(t, queue.Close(context.Background(), ""))
		require.Equal(t, time.Second, time.Since(started))
		require.Contains(t, logger.text(), "Open of queue orders does not return")
		close(s.gate)
		require.ErrorIs(t, <-failed, queues.ErrNotOpened)
		require.False(t, queue.IsOpen())
		require.Equal(t, []string{"open orders", "close orders"}, s.called("open", "close"))
		require.Len(t, s.dead.called("close"), len(s.dead.called("open")), "its dead-letter queue is closed, if it was opened")
		opened(t, queue)
		require.True(t, queue.IsOpen())
	})

	inBubble(t, "waits for one that is about to", func(t *testing.T) {
		s := newGatedStorage()
		queue := closedQueue(t, s)
		failed := opening(t, queue)
		time.AfterFunc(500*time.Millisecond, func() { close(s.gate) })
		started := time.Now()
		require.NoError(t, queue.Close(context.Background(), ""))
		require.Equal(t, 500*time.Millisecond, time.Since(started))
		require.ErrorIs(t, <-failed, queues.ErrNotOpened)
		require.Equal(t, []string{"close orders"}, s.called("close"))
	})

	inBubble(t, "does not wait beyond its ctx, and the queue is closed even so", func(t *testing.T) {
		s := newGatedStorage()
		queue := closedQueue(t, s)
		failed := opening(t, queue)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		started := time.Now()
		require.NoError(t, queue.Close(ctx, ""))
		require.Equal(t, 300*time.Millisecond, time.Since(started))
		close(s.gate)
		require.ErrorIs(t, <-failed, queues.ErrNotOpened)
		require.False(t, queue.IsOpen())
		require.Equal(t, []string{"close orders"}, s.called("close"))
	})

	inBubble(t, "ends those that wait for their turn too, and none that comes later", func(t *testing.T) {
		s := newGatedStorage()
		queue := closedQueue(t, s)
		first, second := opening(t, queue), opening(t, queue)
		closed := make(chan error, 1)
		go func() { closed <- queue.Close(context.Background(), "") }()
		synctest.Wait()
		require.ErrorIs(t, <-second, queues.ErrNotOpened)
		later := opening(t, queue)
		require.Empty(t, closed, "the first is under way")
		close(s.gate)
		require.ErrorIs(t, <-first, queues.ErrNotOpened)
		require.NoError(t, <-later)
		require.NoError(t, <-closed)
		require.True(t, queue.IsOpen())
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "ends an Open that waits for an earlier Close", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(5*time.Second))
		synctest.Wait()
		go func() { _ = queue.Close(context.Background(), "") }()
		synctest.Wait()
		failed := opening(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.ErrorIs(t, <-failed, queues.ErrNotOpened)
		require.False(t, queue.IsOpen())
	})

	inBubble(t, "does not wait for the Open that calls it", func(t *testing.T) {
		queue := &givesUp{}
		queue.MessageQueue = queues.InheritMessageQueueWithStorage(queue, "orders", newFakeStorage(queues.Traits{}))
		require.ErrorIs(t, queue.Open(t.Context(), ""), errFailed)
		require.False(t, queue.IsOpen())
	})
}

func TestOpeningAndClosingFromEverywhere(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 200 {
				if err := queue.Open(t.Context(), ""); err != nil && !errors.Is(err, queues.ErrNotOpened) {
					t.Error(err)
				}
				queue.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error { return queue.Close(ctx, "") }))
				_ = queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil))
			}
		})
		callers.Go(func() {
			for range 200 {
				if err := queue.Close(t.Context(), ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	require.NoError(t, queue.Close(t.Context(), ""))
	require.False(t, queue.IsOpen())
	opened(t, queue)
	require.True(t, queue.IsOpen())
}

// givesUp is a queue that closes itself when it cannot be opened.
type givesUp struct{ *queues.MessageQueue }

func (q *givesUp) OpenWithParams(ctx context.Context, correlationId string, _ []*cconn.ConnectionParams, _ *cauth.CredentialParams) error {
	_ = q.Close(ctx, correlationId)
	return errFailed
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
			Dial:  func(context.Context, connect.Target, connect.Servers) (int, error) { dialed++; return dialed, nil },
			Close: func(int) { dialed-- },
		}
		target := s.params.Target()
		require.Equal(t, "queue "+queue.Name(), target.Name)
		target.Options, _ = config.NewSet(config.Connecting()...).Parse(nil)
		target.Connections = []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples("host", "localhost")}
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
