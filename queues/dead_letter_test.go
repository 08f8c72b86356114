package queues_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// newSiblingStorage is a storage that can make its dead-letter queue, and no more.
func newSiblingStorage(locks queues.LockKeeper) (*fakeStorage, queues.Storage) {
	s := newFakeStorage(queues.Traits{Locks: locks})
	return s, struct {
		*fakeStorage
		withDead
	}{s, withDead{s}}
}

// deadHeaders are the headers of the only message in the dead-letter queue.
func deadHeaders(t *testing.T, s *fakeStorage) map[string]string {
	t.Helper()
	require.Len(t, s.dead.messages, 1)
	return s.dead.messages[0].envelope.Headers
}

func TestBuryingOnce(t *testing.T) {
	t.Parallel()

	inBubble(t, "removes a message that could not be removed when its lock runs out", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage, "lock_timeout", 30000)
		envelope := receiveNow(t, queue)
		s.fails("complete", errAway)
		require.ErrorIs(t, queue.MoveToDeadLetter(t.Context(), envelope), queues.ErrNoConnection)
		require.Equal(t, []string{"a 0"}, s.dead.holds())
		pass(time.Minute)
		require.Empty(t, s.holds())
		require.Empty(t, s.called("release"))
		require.Equal(t, []string{"a 0"}, s.dead.holds(), "once")
	})

	inBubble(t, "keeps the sender's own delivery_count of a message that has died before", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.has("a")
		s.messages[0].envelope.Headers = map[string]string{
			queues.HeaderDeadLetterReason:    queues.ReasonRequested,
			queues.HeaderDeadLetterSource:    "elsewhere",
			queues.HeaderDeliveryCount:       "7",
			"dead_letter_own_delivery_count": "many",
		}
		queue := openQueue(t, storage)
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		headers := deadHeaders(t, s)
		require.Equal(t, "many", headers["dead_letter_own_delivery_count"])
		require.Equal(t, "1", headers[queues.HeaderDeliveryCount])
		require.Equal(t, "orders", headers[queues.HeaderDeadLetterSource])
	})
}

func TestDeadLettering(t *testing.T) {
	t.Parallel()

	inBubble(t, "writes to the dead-letter queue, then removes", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		require.Equal(t, queues.DeadLetterSafe, queue.Capabilities().DeadLetterKind())
		envelope := receiveNow(t, queue)
		pass(time.Second)
		s.fails("complete", nil)
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
		require.Equal(t, []string{"put a"}, s.dead.called("put"))
		require.Equal(t, []string{"complete a"}, s.called("complete", "release"))
		require.Equal(t, "payload of a", string(s.dead.messages[0].envelope.Message))
		require.Equal(t, map[string]string{
			"dead_letter_reason": "requested",
			"dead_letter_source": "orders",
			"dead_letter_time":   "2000-01-01T00:00:01Z",
			"delivery_count":     "1",
		}, deadHeaders(t, s))
	})

	inBubble(t, "is one step where the storage can", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		require.Equal(t, queues.DeadLetterAtomic, queue.Capabilities().DeadLetterKind())
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		require.Equal(t, []string{"bury a requested"}, s.called("bury", "complete", "release"))
		require.Equal(t, "orders", deadHeaders(t, s)["dead_letter_source"])
		require.False(t, s.dead.messages[0].envelope.SentTime.IsZero())
	})

	inBubble(t, "names what the receiver failed with, without what an earlier death left", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a")
		s.messages[0].envelope.Headers = map[string]string{"own": "1", "dead_letter_error": "old", "dead_letter_source": "elsewhere"}
		queue := openQueue(t, storage, "max_deliveries", 1)
		queue.BeginListen(t.Context(), "", receiverFunc(fails))
		synctest.Wait()
		require.Equal(t, map[string]string{
			"own":                "1",
			"dead_letter_reason": "max_deliveries",
			"dead_letter_error":  "failed",
			"dead_letter_source": "orders",
			"dead_letter_time":   "2000-01-01T00:00:00Z",
			"delivery_count":     "1",
		}, deadHeaders(t, s))
	})

	inBubble(t, "leaves the error of an earlier death out where there is none now", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a")
		s.messages[0].envelope.Headers = map[string]string{"dead_letter_error": "old"}
		queue := openQueue(t, storage)
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
		require.NotContains(t, deadHeaders(t, s), "dead_letter_error")
	})

	inBubble(t, "is at once for a permanent error", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			return errors.Join(errors.New("context"), queues.NewPermanentError(errFailed))
		}))
		synctest.Wait()
		require.Empty(t, s.holds())
		require.Equal(t, "receiver_error", deadHeaders(t, s)["dead_letter_reason"])
	})

	inBubble(t, "takes a permanent error for any other where there is no dead-letter queue", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase})
		s.has("a")
		queue := openQueue(t, s, "retry_delay", 1000, "max_deliveries", 2)
		deliveries := 0
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries++; deliveries == 5 {
				return nil
			}
			return queues.NewPermanentError(errFailed)
		}))
		pass(time.Hour)
		require.Equal(t, 5, deliveries, "without a dead-letter queue there is no last delivery")
		require.Empty(t, s.holds())
	})

	inBubble(t, "gets a message that died with its holder, whoever keeps locks", func(t *testing.T) {
		for _, keeper := range []queues.LockKeeper{queues.LocksByBase, queues.LocksByBroker} {
			s, storage := newSiblingStorage(keeper)
			s.has("a")
			queue := openQueue(t, storage, "max_deliveries", 2, "lock_timeout", 30000)
			for range 2 {
				receiveNow(t, queue)
				pass(30 * time.Second)
			}
			none, err := queue.Receive(t.Context(), "", 0)
			require.NoError(t, err)
			require.Nil(t, none)
			require.Equal(t, []string{"put a"}, s.dead.called("put"))
			require.Equal(t, "2", deadHeaders(t, s)["delivery_count"])
			require.Equal(t, "max_deliveries", deadHeaders(t, s)["dead_letter_reason"])
			require.Empty(t, s.holds())
		}
	})

	inBubble(t, "never shows a spent message to a receiver, and goes on to the next", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a", "b", "c")
		s.messages[0].count, s.messages[1].count = 3, 3
		queue := openQueue(t, storage, "max_deliveries", 3)
		received, err := queues.ReceiveBatch(t.Context(), queue, "", 2, time.Second)
		require.NoError(t, err)
		require.Equal(t, []string{"payload of c"}, payloads(received))
		require.Equal(t, []string{"put a", "put b"}, s.dead.called("put"))
	})

	inBubble(t, "is not done for messages of the dead-letter queue itself", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		queue := openQueue(t, storage, "max_deliveries", 1)
		dead, err := queues.DeadLetters(queue)
		require.NoError(t, err)
		require.Equal(t, "orders.dead", dead.Name())
		require.False(t, dead.Capabilities().CanDeadLetter())
		s.dead.has("x")
		for range 20 {
			envelope := receiveNow(t, dead)
			require.NoError(t, dead.Abandon(t.Context(), envelope))
			require.ErrorIs(t, dead.MoveToDeadLetter(t.Context(), envelope), queues.ErrNotSupported)
		}
		require.Equal(t, []string{"x 20"}, s.dead.holds())
	})
}

func TestDefaultDeadLetterQueue(t *testing.T) {
	t.Parallel()

	inBubble(t, "has the times of its queue", func(t *testing.T) {
		_, storage := newSiblingStorage(queues.LocksByBase)
		queue := openQueue(t, storage, "retry_delay", 10, "retry_max_delay", 20, "max_deliveries", 1, "drain_timeout", 3000)
		dead, err := queue.DeadLetters()
		require.NoError(t, err)
		require.NoError(t, dead.Send(t.Context(), "", &queues.MessageEnvelope{}))
		started := time.Now()
		var deliveries []time.Duration
		dead.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			if deliveries = append(deliveries, time.Since(started)); len(deliveries) == 4 {
				return nil
			}
			return errFailed
		}))
		pass(time.Minute)
		require.Equal(t, []time.Duration{0, 10 * time.Millisecond, 30 * time.Millisecond, 50 * time.Millisecond}, deliveries)
	})
}

func TestDeadLetteringThatFails(t *testing.T) {
	t.Parallel()

	inBubble(t, "leaves the message with its holder", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBroker)
		s.has("a")
		queue := openQueue(t, storage)
		envelope := receiveNow(t, queue)
		s.dead.fails("put", errAway)
		err := queue.MoveToDeadLetter(t.Context(), envelope)
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.Empty(t, s.called("complete"))
		require.NotNil(t, envelope.GetReference())
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
		require.Equal(t, []string{"a 0"}, s.dead.holds())
		require.Empty(t, s.holds())
	})

	// Each way into the dead-letter queue that no user waits for.
	ways := map[string]func(t *testing.T, queue queues.IMessageQueue){
		"after the last delivery": func(t *testing.T, queue queues.IMessageQueue) {
			queue.BeginListen(t.Context(), "", receiverFunc(fails))
		},
		"after a permanent error": func(t *testing.T, queue queues.IMessageQueue) {
			queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
				return queues.NewPermanentError(errFailed)
			}))
		},
		"after the last lock ran out": func(t *testing.T, queue queues.IMessageQueue) {
			receiveNow(t, queue)
		},
	}
	for name, send := range ways {
		inBubble(t, "is tried again by the base, and done once in the end: "+name, func(t *testing.T) {
			s, storage := newSiblingStorage(queues.LocksByBase)
			s.has("a")
			queue := openQueue(t, storage, "max_deliveries", 1, "lock_timeout", 10000, "retry_delay", 1000, "retry_max_delay", 8000)
			s.dead.fails("put", errAway, errAway, errAway, errAway, errAway)
			send(t, queue)
			pass(11 * time.Second)
			require.Equal(t, []string{"a 1*"}, s.holds(), "nobody else gets it meanwhile")
			pass(5 * time.Minute)
			require.Empty(t, s.holds())
			require.Equal(t, []string{"a 0"}, s.dead.holds())
			require.Equal(t, "1", deadHeaders(t, s)["delivery_count"])
		})
	}

	inBubble(t, "keeps a spent message as it was while the receiver that found it gets another one", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Locks: queues.LocksByBase, Local: true})
		s.has("spent", "other")
		s.messages[0].count = 3
		queue := openQueue(t, struct {
			*fakeStorage
			withDead
		}{s, withDead{s}}, "max_deliveries", 3)
		s.dead.fails("put", errAway)
		envelope := receiveNow(t, queue)
		require.Equal(t, "payload of other", string(envelope.Message))
		pass(time.Minute)
		require.Equal(t, "payload of spent", string(s.dead.messages[0].envelope.Message))
	})

	inBubble(t, "does not write again what is there already when only removing fails", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage, "max_deliveries", 1, "retry_delay", 1000)
		s.fails("complete", errAway, errAway, errAway)
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			return queues.NewPermanentError(errFailed)
		}))
		pass(5 * time.Minute)
		require.Empty(t, s.holds())
		require.Equal(t, []string{"a 0"}, s.dead.holds())
	})

	inBubble(t, "loses nothing when the queue closes before it succeeds", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.has("a")
		queue := openQueue(t, storage, "max_deliveries", 1)
		for range 100 {
			s.dead.fails("put", errAway)
		}
		queue.BeginListen(t.Context(), "", receiverFunc(func(context.Context, *queues.MessageEnvelope) error {
			return queues.NewPermanentError(errFailed)
		}))
		pass(10 * time.Second)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.Equal(t, []string{"a 1"}, s.holds(), "its last delivery has been used up")

		s.dead.mu.Lock()
		s.dead.script = map[string][]error{}
		s.dead.mu.Unlock()
		opened(t, queue)
		none, err := queue.Receive(t.Context(), "", 0)
		require.NoError(t, err)
		require.Nil(t, none)
		require.Equal(t, []string{"a 0"}, s.dead.holds())
	})
}

func TestDeadLetterQueueOfTheContainer(t *testing.T) {
	t.Parallel()

	inBubble(t, "is found by name or descriptor, and written to", func(t *testing.T) {
		for _, name := range []string{"graveyard", "pip-services:message-queue:memory:graveyard:1.0"} {
			s, storage := newAbleStorage(queues.LocksByBroker)
			s.has("a")
			queue := closedQueue(t, storage, "dead_letter_queue", name)
			graveyard := queues.NewMemoryMessageQueue("graveyard")
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
				cref.NewDescriptor("pip-services", "message-queue", "memory", "graveyard", "1.0"), graveyard,
				cref.NewDescriptor("pip-services", "message-queue", "fake", "orders", "1.0"), queue))
			opened(t, graveyard)
			opened(t, queue)
			require.Equal(t, queues.DeadLetterSafe, queue.Capabilities().DeadLetterKind(), "Bury reaches the sibling only")
			dead, err := queues.DeadLetters(queue)
			require.NoError(t, err)
			require.Same(t, graveyard, dead)

			require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
			require.Nil(t, s.dead, "no sibling is made")
			require.Equal(t, []string{"complete a"}, s.called("complete", "bury"))
			require.Equal(t, "orders", receiveNow(t, graveyard).Headers["dead_letter_source"])
			require.NoError(t, queue.Close(t.Context(), ""))
			require.True(t, graveyard.IsOpen(), "its container closes it")
			require.NoError(t, graveyard.Close(t.Context(), ""))
		}
	})

	inBubble(t, "must exist, be one, and be another", func(t *testing.T) {
		for name, want := range map[string]string{
			"nowhere": "no queue component answers",
			"twice":   "2 queue components answer",
			"orders":  "cannot be its own dead-letter queue",
			"pip-services:message-queue:fake:orders:1.0":   "cannot be its own dead-letter queue",
			"pip-services:message-queue:memory:orders:1.0": "no queue component answers",
		} {
			_, storage := newAbleStorage(queues.LocksByBroker)
			queue := closedQueue(t, storage, "dead_letter_queue", name)
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
				cref.NewDescriptor("pip-services", "message-queue", "fake", "orders", "1.0"), queue,
				cref.NewDescriptor("pip-services", "message-queue", "memory", "twice", "1.0"), queues.NewMemoryMessageQueue("twice"),
				cref.NewDescriptor("pip-services", "message-queue", "other", "twice", "1.0"), queues.NewMemoryMessageQueue("twice")))
			err := queue.Open(t.Context(), "")
			require.ErrorIs(t, err, queues.ErrBadConfig)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "options.dead_letter_queue")
			_, err = queue.DeadLetters()
			require.ErrorIs(t, err, queues.ErrBadConfig)
		}
	})

	inBubble(t, "cannot be had without references", func(t *testing.T) {
		_, storage := newAbleStorage(queues.LocksByBroker)
		queue := closedQueue(t, storage, "dead_letter_queue", "graveyard")
		err := queue.Open(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, "no references")
	})

	inBubble(t, "may have the name of the default one, and takes its place", func(t *testing.T) {
		for _, settings := range [][]any{nil, {"dead_letter_queue", "orders.dead"}} {
			s, storage := newAbleStorage(queues.LocksByBroker)
			s.has("a")
			queue := closedQueue(t, storage, settings...)
			component := queues.NewMemoryMessageQueue("orders.dead")
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
				cref.NewDescriptor("pip-services", "message-queue", "memory", "orders.dead", "1.0"), component))
			dead, err := queues.DeadLetters(queue)
			require.NoError(t, err)
			require.Same(t, component, dead, "also before Open")
			opened(t, component)
			opened(t, queue)
			require.NoError(t, queue.MoveToDeadLetter(t.Context(), receiveNow(t, queue)))
			require.Nil(t, s.dead, "no sibling is made")
			require.Equal(t, "a", receiveNow(t, component).MessageId)
			require.NoError(t, queue.Close(t.Context(), ""))
			require.True(t, component.IsOpen(), "its container closes it")
		}
	})

	inBubble(t, "need not be asked on a server, where the default one is the same queue", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.traits.NeedsServer = true
		for name, kind := range map[string]queues.DeadLetterKind{"": queues.DeadLetterAtomic, "orders.dead": queues.DeadLetterSafe} {
			queue := closedQueue(t, storage, "connection.host", "nowhere", "dead_letter_queue", name)
			queue.SetReferences(t.Context(), cref.NewReferencesFromTuples(t.Context(),
				cref.NewDescriptor("pip-services", "message-queue", "fake", "orders.dead", "1.0"), queues.NewMemoryMessageQueue("orders.dead")))
			require.NoError(t, queue.Open(t.Context(), ""))
			require.Equal(t, kind, queue.Capabilities().DeadLetterKind())
			require.NoError(t, queue.Close(t.Context(), ""))
		}
	})

	inBubble(t, "is warned of when dead messages come back from it", func(t *testing.T) {
		log := newLogger(clog.LevelWarn)
		references := cref.NewReferencesFromTuples(t.Context(), cref.NewDescriptor("pip-services", "logger", "test", "default", "1.0"), log)
		for name, dead := range map[string]string{"one": "two", "two": "three", "three": "one", "four": "one"} {
			queue := queues.NewMemoryMessageQueue(name)
			queue.Configure(t.Context(), options("dead_letter_queue", dead))
			queue.SetReferences(t.Context(), references)
			references.Put(t.Context(), cref.NewDescriptor("pip-services", "message-queue", "memory", name, "1.0"), queue)
		}
		for _, name := range []string{"one", "two", "four"} {
			opened(t, references.GetOneOptional(cref.NewDescriptor("*", "message-queue", "*", name, "*")).(queues.IMessageQueue))
			require.Empty(t, log.text())
		}
		opened(t, references.GetOneOptional(cref.NewDescriptor("*", "message-queue", "*", "three", "*")).(queues.IMessageQueue))
		require.Equal(t, "WARN [123] Queue three: options.dead_letter_queue: dead messages go round for ever, "+
			"three to one to two to three; name another queue for one of them", log.text())
	})

	inBubble(t, "may be named like the default one, which it then is", func(t *testing.T) {
		_, storage := newAbleStorage(queues.LocksByBroker)
		queue := openQueue(t, storage, "dead_letter_queue", "orders.dead")
		require.Equal(t, queues.DeadLetterAtomic, queue.Capabilities().DeadLetterKind())
	})
}
