package queues_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestOpen(t *testing.T) {
	t.Parallel()

	inBubble(t, "hands the storage what was configured and resolved", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{NeedsServer: true})
		queue := closedQueue(t, struct {
			*fakeStorage
			withOption
		}{s, withOption{s}},
			"queue", "topic", "connection.host", "broker.local", "connection.port", "1234", "credential.username", "jane",
			"lock_timeout", 5000, "max_messages", 7, "overflow", "reject", "speed", 5, "other.key", "x")
		references := cref.NewEmptyReferences()
		queue.SetReferences(t.Context(), references)
		opened(t, queue)
		require.Equal(t, "topic", s.params.Queue)
		require.Equal(t, "123", s.params.CorrelationId)
		require.Len(t, s.params.Connections, 1)
		require.Equal(t, "broker.local", s.params.Connections[0].Host())
		require.Equal(t, "jane", s.params.Credential.Username())
		require.Nil(t, s.params.Connection)
		require.Same(t, references, s.params.References)
		require.Equal(t, "x", s.params.Config.GetAsString("other.key"))
		require.Equal(t, 5, s.params.Options.Int("options.speed"))
		require.Equal(t, 5*time.Second, s.params.LockTimeout)
		require.Equal(t, 7, s.params.MaxMessages)
		require.True(t, s.params.RejectWhenFull)
		require.NoError(t, queue.Close(t.Context(), "123"))
	})

	inBubble(t, "needs no configuration where no server is needed", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := queues.InheritMessageQueueWithStorage(nil, "orders", s)
		var background context.Context // nil stands for it
		require.NoError(t, queue.Open(background, ""))
		require.NotNil(t, s.params.Config)
		require.Empty(t, s.params.Connections)
		require.Nil(t, s.params.Credential)
		require.Equal(t, 30*time.Second, s.params.LockTimeout)
		require.NoError(t, queue.Close(background, ""))
	})

	inBubble(t, "fails without a connection where a server is needed", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{NeedsServer: true})
		err := closedQueue(t, s).Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "connection.host")
		require.Empty(t, s.called("open"))
	})

	inBubble(t, "takes the component that dependencies.connection names for a connection", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{NeedsServer: true})
		queue := closedQueue(t, s, "dependencies.connection", "pip-services:connection:fake:shared:1.0")
		require.ErrorIs(t, queue.Open(t.Context(), ""), queues.ErrBadConfig)

		shared := &struct{ string }{"the connection"}
		queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
			cref.NewDescriptor("pip-services", "connection", "fake", "shared", "1.0"), shared))
		opened(t, queue)
		require.Same(t, shared, s.params.Connection)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "reports everything that is wrong with the configuration at once", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := closedQueue(t, s,
			"lock_timout", 1, "max_deliveries", "many", "drain_timeout", -1, "overflow", "explode", "require", "wings",
			"retry_delay", 5000, "retry_max_delay", 1000, "dead_letter_queue", "nowhere",
			"dependencies.connection", "pip-services:connection:fake:shared:1.0")
		err := queue.Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		for _, want := range []string{
			"orders",
			"unknown option options.lock_timout; did you mean options.lock_timeout?",
			"options.max_deliveries", `"many"`,
			"options.drain_timeout", "-1",
			"options.overflow", "explode",
			"options.require", "wings",
			"options.retry_max_delay",
			"options.dead_letter_queue", "nowhere",
			"dependencies.connection",
		} {
			require.ErrorContains(t, err, want)
		}
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, "BAD_CONFIG", application.Code)
		require.Empty(t, s.called("open"))

		queue.Configure(t.Context(), options("lock_timeout", 1))
		opened(t, queue) // with a better configuration in the place of the bad one
		require.NoError(t, queue.Close(t.Context(), "123"))
	})

	inBubble(t, "knows the storage's own options, and checks them", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		storage := struct {
			*fakeStorage
			withOption
		}{s, withOption{s}}
		err := closedQueue(t, storage, "speed", 10).Open(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, "options.speed")
		err = closedQueue(t, storage, "sped", 5).Open(t.Context(), "")
		require.ErrorContains(t, err, "did you mean options.speed?")
		require.ErrorIs(t, closedQueue(t, s, "speed", 5).Open(t.Context(), ""), queues.ErrBadConfig, "of another storage")
	})

	inBubble(t, "logs what works but should be changed", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		logger := newLogger(clog.LevelWarn)
		queue := closedQueue(t, s, "listen_interval", 100)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		require.Contains(t, logger.text(), "options.listen_interval is deprecated")
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "logs when others may use the queue, and so may a logger", func(t *testing.T) {
		queue := closedQueue(t, newFakeStorage(queues.Traits{Remark: "a fake"}), "listen_interval", 100)
		queue.SetReferences(t.Context(), referencesTo(t, &usingLogger{logger: newLogger(clog.LevelDebug), queue: queue}))
		opened(t, queue)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "fails by name when options.require asks for more than the queue can do", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := closedQueue(t, s, "require", "send,dead_letter,ordering,renew_lock")
		err := queue.Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrNotSupported)
		require.ErrorContains(t, err, "queue orders")
		require.ErrorContains(t, err, "dead_letter,ordering")
		require.NotContains(t, strings.Split(err.Error(), "which this queue cannot do")[0], "renew_lock")
		require.False(t, queue.IsOpen())
		require.Equal(t, []string{"open orders", "close orders"}, s.called("open", "close"))

		queue.Configure(t.Context(), options("require", "send,renew_lock"))
		opened(t, queue)
		require.NoError(t, queue.Close(t.Context(), "123"))
	})

	inBubble(t, "that fails leaves the queue closed, to be tried again", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		queue := closedQueue(t, storage)
		s.fails("open", errAway)
		err := queue.Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "queue orders")
		require.False(t, queue.IsOpen())
		require.Empty(t, s.called("close"), "a storage that failed to open is closed")

		s.dead.fails("open", errAway)
		require.ErrorIs(t, queue.Open(t.Context(), "123"), queues.ErrNoConnection)
		require.False(t, queue.IsOpen())
		require.Equal(t, []string{"close orders"}, s.called("close"), "a dead-letter queue that failed to open closes its source")

		opened(t, queue)
		opened(t, queue) // which changes nothing
		require.Len(t, s.called("open"), 3)
		require.NoError(t, queue.Close(t.Context(), "123"))
	})

	inBubble(t, "opens the queue once for callers that come together", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := closedQueue(t, s)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				if err := queue.Open(t.Context(), ""); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		require.Len(t, s.called("open"), 1)
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "waits for a Close that is under way, within its ctx", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(5*time.Second))
		synctest.Wait()
		go func() { _ = queue.Close(context.Background(), "") }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, queue.Open(ctx, ""), context.DeadlineExceeded)
		started := time.Now()
		opened(t, queue)
		require.Equal(t, 4*time.Second, time.Since(started))
		require.True(t, queue.IsOpen())
	})

	inBubble(t, "does nothing when its ctx has ended", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, closedQueue(t, s).Open(ctx, ""), context.Canceled)
		require.Empty(t, s.called("open"))
	})

	inBubble(t, "lets no secret of the connection out", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{NeedsServer: true})
		s.fails("open", fmt.Errorf("dialing amqp://jane:s3cret@broker.local: access refused to jane with s3cret: %w", queues.ErrNoConnection))
		queue := closedQueue(t, s, "connection.uri", "amqp://jane:s3cret@broker.local", "credential.username", "jane", "credential.password", "s3cret")
		err := queue.Open(t.Context(), "123")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "broker.local")
		var application *cerr.ApplicationError
		require.ErrorAs(t, err, &application)
		require.NotContains(t, fmt.Sprintf("%v %+v %+v", err, application, queue), "s3cret")
	})

	inBubble(t, "opens and closes its dead-letter queue with it", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.traits.NeedsServer = true
		queue := openQueue(t, storage, "lock_timeout", 5000, "max_messages", 3, "connection.host", "broker.local", "credential.username", "jane")
		require.Equal(t, "orders.dead", s.dead.params.Queue)
		require.Equal(t, "broker.local", s.dead.params.Connections[0].Host())
		require.Equal(t, "jane", s.dead.params.Credential.Username())
		require.Equal(t, 5*time.Second, s.dead.params.LockTimeout)
		require.Zero(t, s.dead.params.MaxMessages, "it is never trimmed")
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"close orders.dead"}, s.dead.called("close"))
		dead, err := queue.DeadLetters()
		require.NoError(t, err)
		require.False(t, dead.IsOpen())
	})
}

func TestClose(t *testing.T) {
	t.Parallel()

	inBubble(t, "gives back uncounted what is received and not settled", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a", "b")
		queue := openQueue(t, s)
		held, settled := receiveNow(t, queue), receiveNow(t, queue)
		require.NoError(t, queue.Complete(t.Context(), settled))
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"a 0"}, s.holds())
		require.ErrorIs(t, queue.Complete(t.Context(), held), queues.ErrNotOpened)

		opened(t, queue)
		err := queue.Complete(t.Context(), held)
		require.ErrorIs(t, err, queues.ErrLockLost, "of the time before")
		require.ErrorContains(t, err, "given back when the queue closed")
		require.NoError(t, queue.Complete(t.Context(), settled), "still settled")
		require.Equal(t, 1, receiveNow(t, queue).DeliveryCount)
	})

	inBubble(t, "succeeds though the storage fails, and logs it", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		logger := newLogger(clog.LevelWarn)
		queue := closedQueue(t, s)
		queue.SetReferences(t.Context(), referencesTo(t, logger))
		opened(t, queue)
		receiveNow(t, queue)
		s.fails("release", errAway)
		s.fails("close", errors.New("stuck"))
		require.NoError(t, queue.Close(t.Context(), ""), "a container stops closing at the first error")
		require.False(t, queue.IsOpen())
		require.Contains(t, logger.text(), "Could not give message a back")
		require.Contains(t, logger.text(), "stuck")
	})

	inBubble(t, "is done once, and waited for by everyone", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", works(5*time.Second))
		synctest.Wait()
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				started := time.Now()
				if err := queue.Close(t.Context(), ""); err != nil || time.Since(started) != 5*time.Second {
					t.Error(err, time.Since(started))
				}
			})
		}
		callers.Wait()
		require.Equal(t, []string{"close orders"}, s.called("close"))
	})

	inBubble(t, "ends a Receive that waits, also when the queue is opened again at once", func(t *testing.T) {
		queue := openQueue(t, newFakeStorage(queues.Traits{}))
		for range 100 { // who is first after Close, the receiver or Open, is up to chance
			received := make(chan error, 1)
			go func() {
				_, err := queue.Receive(context.Background(), "", time.Minute)
				received <- err
			}()
			synctest.Wait()
			require.NoError(t, queue.Close(t.Context(), ""))
			opened(t, queue)
			require.ErrorIs(t, <-received, queues.ErrNotOpened)
		}
	})

	inBubble(t, "from inside a receiver returns at once; the queue closes when the receiver has returned", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a")
		queue := openQueue(t, s)
		queue.BeginListen(t.Context(), "", queues.NewCallbackMessageReceiver(
			func(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
				started := time.Now()
				if err := queue.Close(ctx, ""); err != nil || time.Since(started) != 0 {
					t.Error("Close did not return at once:", err)
				}
				if err := queue.Open(ctx, ""); !errors.Is(err, queues.ErrNotOpened) {
					t.Error("Open from inside the receiver whose queue closes:", err)
				}
				return queue.Complete(ctx, envelope)
			}))
		synctest.Wait()
		require.False(t, queue.IsOpen())
		require.Equal(t, []string{"complete a", "close orders"}, s.called("complete", "release", "close"))
	})

	inBubble(t, "waits as ever when the receiver that calls it is another queue's", func(t *testing.T) {
		first, second := newFakeStorage(queues.Traits{}), newFakeStorage(queues.Traits{})
		first.has("a")
		second.has("b")
		source, other := openQueue(t, first), openQueue(t, second)
		closed := make(chan time.Duration, 1)
		other.BeginListen(t.Context(), "", works(3*time.Second))
		synctest.Wait()
		source.BeginListen(t.Context(), "", receiverFunc(func(ctx context.Context, _ *queues.MessageEnvelope) error {
			started := time.Now()
			err := other.Close(ctx, "")
			closed <- time.Since(started)
			return err
		}))
		require.Equal(t, 3*time.Second, <-closed)
	})

	t.Run("loses and doubles nothing while everything goes on", func(t *testing.T) {
		t.Parallel()
		const messages, cycles = 2000, 200
		queue := queues.NewMemoryMessageQueue("orders")
		queue.Configure(t.Context(), options("max_deliveries", 0))
		opened(t, queue)
		for i := range messages {
			require.NoError(t, queue.Send(t.Context(), "", &queues.MessageEnvelope{MessageId: fmt.Sprint(i)}))
		}
		completed := make([]atomic.Int32, messages)
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		for worker := range 4 {
			workers.Go(func() {
				for turn := worker; ctx.Err() == nil; turn++ {
					envelope, err := queue.Receive(ctx, "", time.Millisecond)
					switch {
					case err != nil && !errors.Is(err, queues.ErrNotOpened) && ctx.Err() == nil:
						t.Error(err)
						return
					case envelope == nil:
					case turn%2 == 0:
						_ = queue.Abandon(ctx, envelope)
					case queue.Complete(ctx, envelope) == nil:
						number, _ := strconv.Atoi(envelope.MessageId)
						completed[number].Add(1)
					}
				}
			})
		}
		for range cycles {
			require.NoError(t, queue.Close(t.Context(), ""))
			opened(t, queue)
		}
		stop()
		workers.Wait()
		// What was neither completed nor is ready is lost.
		require.NoError(t, queue.Close(t.Context(), ""))
		opened(t, queue)
		ready, err := queues.ReceiveBatch(t.Context(), queue, "", messages, 0)
		require.NoError(t, err)
		for len(ready) > 0 {
			for _, envelope := range ready {
				number, _ := strconv.Atoi(envelope.MessageId)
				completed[number].Add(1)
			}
			ready, err = queues.ReceiveBatch(t.Context(), queue, "", messages, 0)
			require.NoError(t, err)
		}
		for i := range completed {
			require.EqualValues(t, 1, completed[i].Load(), "message %d", i)
		}
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}
