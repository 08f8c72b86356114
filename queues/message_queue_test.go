package queues_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestConfigure(t *testing.T) {
	t.Parallel()

	inBubble(t, "takes effect at the next Open", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s, "max_message_size", 5)
		small, big := queues.NewMessageEnvelope("", "", make([]byte, 5)), queues.NewMessageEnvelope("", "", make([]byte, 10))
		queue.Configure(t.Context(), options("max_message_size", 10, "name", "other"))
		require.Equal(t, "orders", queue.Name())
		require.NoError(t, queue.Send(t.Context(), "", small))
		require.ErrorIs(t, queue.Send(t.Context(), "", big), queues.ErrMessageTooLarge)
		require.NoError(t, queue.Close(t.Context(), ""))
		opened(t, queue)
		require.NoError(t, queue.Send(t.Context(), "", big))
	})

	inBubble(t, "takes effect at an Open that waits for the Close", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(time.Second))
		synctest.Wait()
		queue.Configure(t.Context(), options("max_message_size", 5))
		go func() { _ = queue.Close(context.Background(), "") }()
		synctest.Wait()
		require.False(t, queue.IsOpen())
		opened(t, queue)
		require.ErrorIs(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", make([]byte, 10))), queues.ErrMessageTooLarge)
	})

	inBubble(t, "takes effect at the next Open when one is under way", func(t *testing.T) {
		s := heldStorage{newFakeStorage(queues.Traits{}), make(chan struct{})}
		queue := closedQueue(t, s, "max_message_size", 5)
		done := make(chan error, 1)
		go func() { done <- queue.Open(t.Context(), "") }()
		synctest.Wait()
		queue.Configure(t.Context(), options("max_message_size", 10, "name", "other"))
		close(s.goOn)
		require.NoError(t, <-done)
		require.Equal(t, "orders", queue.Name())
		big := queues.NewMessageEnvelope("", "", make([]byte, 10))
		require.ErrorIs(t, queue.Send(t.Context(), "", big), queues.ErrMessageTooLarge)
		require.NoError(t, queue.Close(t.Context(), ""))
		opened(t, queue)
		require.Equal(t, "other", queue.Name())
		require.NoError(t, queue.Send(t.Context(), "", big))
	})

	inBubble(t, "takes effect at once on a queue whose Open has failed", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.fails("open", errAway)
		queue := closedQueue(t, s)
		require.Error(t, queue.Open(t.Context(), ""))
		queue.Configure(t.Context(), options("name", "other"))
		require.Equal(t, "other", queue.Name())
	})

	inBubble(t, "takes effect at once in an OpenWithParams that calls it", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := &configuresItself{}
		queue.MessageQueue = queues.InheritMessageQueueWithStorage(queue, "orders", s)
		opened(t, queue)
		require.Equal(t, 7*time.Second, s.params.LockTimeout)
	})

	t.Run("takes effect as a whole when several Opens come together, and calls with them", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("orders")
		opened(t, queue)
		big := queues.NewMessageEnvelope("", "", make([]byte, 10))
		for round := range 100 {
			limit := 5 + 10*(round%2)
			queue.Configure(t.Context(), options("max_message_size", limit))
			require.NoError(t, queue.Close(t.Context(), ""))
			var callers sync.WaitGroup
			for range 3 {
				callers.Go(func() {
					if err := queue.Open(t.Context(), ""); err != nil {
						t.Error(err)
					}
				})
			}
			callers.Go(func() { _, _ = queue.Receive(t.Context(), "", 0) })
			callers.Wait()
			require.Equal(t, limit < 10, errors.Is(queue.Send(t.Context(), "", big), queues.ErrMessageTooLarge), "round %d", round)
		}
	})

	inBubble(t, "does not add connections and credentials to earlier ones", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{NeedsServer: true})
		queue := closedQueue(t, s, "connection.host", "old.local", "credential.username", "old")
		for range 3 {
			queue.Configure(t.Context(), options("connection.host", "new.local", "credential.username", "jane"))
		}
		opened(t, queue)
		require.Len(t, s.params.Connections, 1)
		require.Equal(t, "new.local", s.params.Connections[0].Host())
		require.Equal(t, "jane", s.params.Credential.Username())
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "works in any order with SetReferences", func(t *testing.T) {
		discovery := cconn.NewEmptyMemoryDiscovery()
		_, err := discovery.Register("", "broker", cconn.NewConnectionParamsFromTuples("host", "found.local"))
		require.NoError(t, err)
		store := cauth.NewEmptyMemoryCredentialStore()
		require.NoError(t, store.Store(t.Context(), "", "key", cauth.NewCredentialParamsFromTuples("username", "jane")))
		references := cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "discovery", "memory", "default", "1.0"), discovery,
			cref.NewDescriptor("pip-services", "credential-store", "memory", "default", "1.0"), store)
		config := options("connection.discovery_key", "broker", "credential.store_key", "key")
		for _, configureFirst := range []bool{true, false} {
			s := newFakeStorage(queues.Traits{NeedsServer: true})
			queue := queues.InheritMessageQueueWithStorage(nil, "orders", s)
			if configureFirst {
				queue.Configure(t.Context(), config)
			}
			queue.SetReferences(t.Context(), references)
			if !configureFirst {
				queue.Configure(t.Context(), config)
			}
			opened(t, queue)
			require.Equal(t, "found.local", s.params.Connections[0].Host())
			require.Equal(t, "jane", s.params.Credential.Username(), "the stock credential store is found under its own descriptor")
			require.NoError(t, queue.Close(t.Context(), ""))
		}
	})

	t.Run("names the queue, by queue before name before what it was called", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			settings []any
			want     string
		}{
			{nil, "orders"},
			{[]any{"name", "a"}, "a"},
			{[]any{"name", "a", "queue", "b"}, "b"},
			{[]any{"queue", "b"}, "b"},
		} {
			queue := closedQueue(t, newFakeStorage(queues.Traits{}), test.settings...)
			require.Equal(t, test.want, queue.Name())
			require.Equal(t, "["+test.want+"]", queue.String())
		}
	})

	t.Run("takes nil for an empty configuration", func(t *testing.T) {
		t.Parallel()
		queue := queues.InheritMessageQueueWithStorage(nil, "orders", newFakeStorage(queues.Traits{}))
		queue.Configure(t.Context(), nil)
		queue.SetReferences(t.Context(), nil)
		opened(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

// usingLogger is a logger that calls the queue whose messages it logs.
type usingLogger struct {
	*logger
	queue queues.IMessageQueue
}

func (l *usingLogger) Log(ctx context.Context, level clog.LevelType, correlationId string, err error, message string, args ...any) {
	l.queue.EndListen(ctx, correlationId)
	l.logger.Log(ctx, level, correlationId, err, message, args...)
}

// heldStorage takes as long to open as a test wants.
type heldStorage struct {
	*fakeStorage
	goOn chan struct{}
}

func (s heldStorage) Open(ctx context.Context, params queues.StorageParams) error {
	<-s.goOn
	return s.fakeStorage.Open(ctx, params)
}

// configuresItself is a queue that has its configuration from somewhere else.
type configuresItself struct{ *queues.MessageQueue }

func (q *configuresItself) OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error {
	q.Configure(ctx, options("lock_timeout", 7000))
	return q.MessageQueue.OpenWithParams(ctx, correlationId, connections, credential)
}

func TestSetReferencesWhileOthersCall(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	opened(t, queue)
	counters := newCounters()
	references := referencesTo(t, counters)
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() {
			for range 500 {
				if _, err := queue.DeadLetters(); err != nil {
					t.Error(err)
				}
				if err := queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		queue.SetReferences(t.Context(), references)
	}
	callers.Wait()
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)))
	require.NotZero(t, counters.value("queue.orders.sent_messages"))
}
