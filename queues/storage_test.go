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

func TestCapabilitiesFollowFromTheStorage(t *testing.T) {
	t.Parallel()

	newFake := func() *fakeStorage { return newFakeStorage(queues.Traits{Locks: queues.LocksByBroker}) }
	s := newFake()
	for name, test := range map[string]struct {
		storage queues.Storage
		want    string
	}{
		"the least": {s, "send,receive,abandon,at_least_once"},
		"locks kept by the base can be renewed": {
			newFakeStorage(queues.Traits{Locks: queues.LocksByBase}), "send,receive,renew_lock,abandon,at_least_once",
		},
		"LockExtender": {struct {
			*fakeStorage
			withExtend
		}{s, withExtend{s}}, "send,receive,renew_lock,abandon,at_least_once"},
		"Looker": {struct {
			*fakeStorage
			withLook
		}{s, withLook{s}}, "send,receive,peek,peek_batch,abandon,at_least_once"},
		"Counter": {struct {
			*fakeStorage
			withCount
		}{s, withCount{s}}, "message_count,send,receive,abandon,at_least_once"},
		"Purger": {struct {
			*fakeStorage
			withPurge
		}{s, withPurge{s}}, "send,receive,abandon,clear,at_least_once"},
		"BatchPutter": {struct {
			*fakeStorage
			withBatch
		}{s, withBatch{s}}, "send,receive,abandon,batch,at_least_once"},
		"DelayedPutter": {struct {
			*fakeStorage
			withDelay
		}{s, withDelay{s}}, "send,receive,abandon,delay,at_least_once"},
		"DelayedReleaser alone": {struct {
			*fakeStorage
			withLater
		}{s, withLater{s}}, "send,receive,abandon,at_least_once"},
		"SiblingMaker": {struct {
			*fakeStorage
			withDead
		}{s, withDead{newFake()}}, "send,receive,abandon,dead_letter,at_least_once"},
		"traits": {
			newFakeStorage(queues.Traits{Locks: queues.LocksByBroker, Ordered: true, Durable: true}),
			"send,receive,abandon,ordering,at_least_once,durable",
		},
		"at most once": {struct {
			*fakeStorage
			withExtend
			withDead
			withDelay
		}{newFakeStorage(queues.Traits{AtMostOnce: true}), withExtend{s}, withDead{newFake()}, withDelay{s}}, "send,receive,delay"},
		"what this server cannot do": {struct {
			*fakeStorage
			withDelay
			withDead
		}{
			newFakeStorage(queues.Traits{Without: []queues.Capability{
				queues.CapabilityDelay, queues.CapabilityDeadLetter, queues.CapabilityRenewLock,
			}}), withDelay{s}, withDead{newFake()},
		}, "send,receive,abandon,at_least_once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue := closedQueue(t, test.storage)
			require.Equal(t, test.want, queue.Capabilities().String())
			want := queues.DeadLetterNone
			if queue.Capabilities().CanDeadLetter() {
				want = queues.DeadLetterSafe
			}
			require.Equal(t, want, queue.Capabilities().DeadLetterKind())
		})
	}

	inBubble(t, "and are narrowed by Open to what the server can do", func(t *testing.T) {
		s, storage := newAbleStorage(queues.LocksByBroker)
		s.opened = func(s *fakeStorage) { s.traits.Without = []queues.Capability{queues.CapabilityDelay} }
		queue := closedQueue(t, storage, "require", "delay")
		require.True(t, queue.Capabilities().CanDelay(), "before Open: at its best")
		require.ErrorIs(t, queue.Open(t.Context(), ""), queues.ErrNotSupported)
		queue.Configure(t.Context(), nil)
		opened(t, queue)
		require.False(t, queue.Capabilities().CanDelay())
		require.ErrorIs(t, queues.SendDelayed(t.Context(), queue, "", queues.NewMessageEnvelope("", "", nil), time.Second), queues.ErrNotSupported)
		require.Empty(t, s.called("put"))
		require.NoError(t, queue.Close(t.Context(), ""))
	})

	inBubble(t, "and what is not declared is answered with ErrNotSupported, open or closed", func(t *testing.T) {
		queue := closedQueue(t, newFakeStorage(queues.Traits{Locks: queues.LocksByBroker}))
		ctx := t.Context()
		envelope := queues.NewMessageEnvelope("123", "", nil)
		calls := map[string]func() error{
			"ReadMessageCount": func() error { _, err := queue.ReadMessageCount(); return err },
			"Peek":             func() error { _, err := queue.Peek(ctx, "123"); return err },
			"PeekBatch":        func() error { _, err := queue.PeekBatch(ctx, "123", 1); return err },
			"RenewLock":        func() error { return queue.RenewLock(ctx, envelope, time.Second) },
			"MoveToDeadLetter": func() error { return queue.MoveToDeadLetter(ctx, envelope) },
			"Clear":            func() error { return queue.Clear(ctx, "123") },
			"SendDelayed":      func() error { return queues.SendDelayed(ctx, queue, "123", envelope, time.Second) },
			"AbandonDelayed":   func() error { return queues.AbandonDelayed(ctx, queue, envelope, time.Second) },
			"DeadLetters":      func() error { _, err := queues.DeadLetters(queue); return err },
			"Redrive":          func() error { _, err := queues.Redrive(ctx, queue, "123", 0); return err },
		}
		for name, call := range calls {
			require.ErrorIs(t, call(), queues.ErrNotSupported, name)
		}
		opened(t, queue)
		for name, call := range calls {
			require.ErrorIs(t, call(), queues.ErrNotSupported, name)
		}
		require.NoError(t, queue.Close(ctx, ""))
	})
}

func TestSendingThroughTheBase(t *testing.T) {
	t.Parallel()

	inBubble(t, "gives the storage a stamped copy", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		pass(time.Second)
		sent := &queues.MessageEnvelope{MessageType: "order", Message: []byte("x"), DeliveryCount: 7}
		sent.SetReference("mine")
		before := *sent
		require.NoError(t, queue.Send(t.Context(), "123", sent))
		require.Equal(t, before, *sent, "the caller's envelope stays as it was")
		stored := s.messages[0].envelope
		require.Regexp(t, "^[0-9a-f]{32}$", stored.MessageId)
		require.Equal(t, time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC), stored.SentTime)
		require.Zero(t, stored.DeliveryCount)
		require.Nil(t, stored.GetReference())
	})

	inBubble(t, "refuses what is over the lesser of options.max_message_size and the broker's limit", func(t *testing.T) {
		for _, test := range []struct {
			configured, brokers, limit int
		}{
			{0, 0, 1000},
			{5, 0, 5},
			{0, 7, 7},
			{5, 7, 5},
			{9, 7, 7},
		} {
			s := newFakeStorage(queues.Traits{MaxMessageSize: test.brokers})
			queue := openQueue(t, s, "max_message_size", test.configured)
			require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", make([]byte, test.limit))))
			if test.limit == 1000 {
				continue
			}
			big := queues.NewMessageEnvelope("", "", make([]byte, test.limit+1))
			for _, err := range []error{
				queue.Send(t.Context(), "", big),
				queues.SendBatch(t.Context(), queue, "", []*queues.MessageEnvelope{big}),
			} {
				require.ErrorIs(t, err, queues.ErrMessageTooLarge)
				require.ErrorContains(t, err, fmt.Sprintf("%d bytes, the limit is %d", test.limit+1, test.limit))
			}
			require.Len(t, s.holds(), 1)
		}
	})

	inBubble(t, "reports what the storage fails with", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		s.fails("put", errAway)
		require.ErrorIs(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", nil)), queues.ErrNoConnection)
		require.Len(t, s.called("put"), 1, "the base never retries")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, queue.Send(ctx, "", queues.NewMessageEnvelope("", "", nil)), context.Canceled)
		require.Len(t, s.called("put"), 1)
	})

	inBubble(t, "sends a batch in one step where the storage can", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, struct {
			*fakeStorage
			withBatch
		}{s, withBatch{s}})
		batch := []*queues.MessageEnvelope{{MessageId: "a"}, {MessageId: "b"}}
		require.NoError(t, queues.SendBatch(t.Context(), queue, "", batch))
		require.Equal(t, []string{"put_batch 2"}, s.called("put"))
		require.Equal(t, []string{"a 0", "b 0"}, s.holds())
		require.NoError(t, queues.SendBatch(t.Context(), queue, "", nil))

		err := queues.SendBatch(t.Context(), queue, "", []*queues.MessageEnvelope{{MessageId: "c"}, nil})
		require.ErrorIs(t, err, queues.ErrBadMessage)
		require.ErrorContains(t, err, "batch of 2 messages, none sent, number 2")
		require.Equal(t, []string{"put_batch 2"}, s.called("put"))
	})

	inBubble(t, "sends a batch one by one where it cannot, and says how far it got", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, s)
		s.fails("put", nil, errAway)
		err := queues.SendBatch(t.Context(), queue, "", []*queues.MessageEnvelope{{MessageId: "a"}, {MessageId: "b"}, {MessageId: "c"}})
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.ErrorContains(t, err, "batch of 3 messages, 1 sent")
		require.Equal(t, []string{"put a", "put b"}, s.called("put"))
	})

	inBubble(t, "sends a batch one by one when the server is without", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{Without: []queues.Capability{queues.CapabilityBatch}})
		queue := openQueue(t, struct {
			*fakeStorage
			withBatch
		}{s, withBatch{s}})
		require.NoError(t, queues.SendBatch(t.Context(), queue, "", []*queues.MessageEnvelope{{MessageId: "a"}, {MessageId: "b"}}))
		require.Equal(t, []string{"put a", "put b"}, s.called("put"))
	})

	inBubble(t, "with a delay of nothing is Send", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		queue := openQueue(t, struct {
			*fakeStorage
			withDelay
		}{s, withDelay{s}})
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", &queues.MessageEnvelope{MessageId: "a"}, 0))
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", &queues.MessageEnvelope{MessageId: "b"}, -time.Second))
		require.NoError(t, queues.SendDelayed(t.Context(), queue, "", &queues.MessageEnvelope{MessageId: "c"}, time.Second))
		require.Equal(t, []string{"put a", "put b", "put_delayed c 1s"}, s.called("put"))
	})
}

func TestReceivingThroughTheBase(t *testing.T) {
	t.Parallel()

	inBubble(t, "makes one call where a look without waiting costs a round trip, two where it does not", func(t *testing.T) {
		for local, want := range map[bool]int{false: 1, true: 2} {
			s := newFakeStorage(queues.Traits{Local: local})
			queue := openQueue(t, s)
			none, err := queue.Receive(t.Context(), "", time.Second)
			require.NoError(t, err)
			require.Nil(t, none)
			require.Len(t, s.called("take"), want)
		}
	})

	inBubble(t, "passes the storage's errors on, whether it waits or not", func(t *testing.T) {
		for _, wait := range []time.Duration{0, time.Minute} {
			s := newFakeStorage(queues.Traits{})
			queue := openQueue(t, s)
			s.fails("take", errAway)
			none, err := queue.Receive(t.Context(), "", wait)
			require.ErrorIs(t, err, queues.ErrNoConnection)
			require.Nil(t, none)
		}
	})

	inBubble(t, "hands out a copy, so that what goes to the dead-letter queue is what was sent", func(t *testing.T) {
		s, storage := newSiblingStorage(queues.LocksByBase)
		s.has("a")
		s.messages[0].envelope.Headers = map[string]string{"h": "1"}
		queue := openQueue(t, storage)
		envelope := receiveNow(t, queue)
		envelope.Message[0], envelope.Headers["h"], envelope.MessageId = 'X', "2", "other"
		require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
		require.Equal(t, "payload of a", string(s.dead.messages[0].envelope.Message))
		require.Equal(t, "1", s.dead.messages[0].envelope.Headers["h"])
		require.Equal(t, "a", s.dead.messages[0].envelope.MessageId)
	})

	inBubble(t, "asks for a batch in one step, of a bounded size", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{})
		s.has("a", "b", "c")
		queue := openQueue(t, s)
		received, err := queues.ReceiveBatch(t.Context(), queue, "", 2, 0)
		require.NoError(t, err)
		require.Len(t, received, 2)
		received, err = queues.ReceiveBatch(t.Context(), queue, "", 1_000_000_000, 0)
		require.NoError(t, err)
		require.Len(t, received, 1)
		none, err := queues.ReceiveBatch(t.Context(), queue, "", 0, time.Hour)
		require.NoError(t, err)
		require.NotNil(t, none)
		require.Empty(t, none)
		require.Equal(t, []string{"take 2", "take 1000"}, s.called("take"))
	})

	inBubble(t, "of an at-most-once queue settles nothing that lasts, and says so", func(t *testing.T) {
		s := newFakeStorage(queues.Traits{AtMostOnce: true})
		s.has("a", "b")
		queue := openQueue(t, struct {
			*fakeStorage
			withDead
		}{s, withDead{s}}, "lock_timeout", 1000, "max_deliveries", 1)
		ctx := t.Context()
		envelope := receiveNow(t, queue)
		require.ErrorIs(t, queue.Abandon(ctx, envelope), queues.ErrNotSupported)
		require.ErrorIs(t, queue.MoveToDeadLetter(ctx, envelope), queues.ErrNotSupported)
		require.ErrorIs(t, queue.RenewLock(ctx, envelope, time.Second), queues.ErrNotSupported)
		require.NoError(t, queue.Complete(ctx, envelope))
		require.False(t, queue.Capabilities().IsAtLeastOnce())

		require.NotNil(t, receiveNow(t, queue))
		pass(time.Minute)
		require.Empty(t, s.holds(), "what is handed out is gone")
		require.Nil(t, s.dead, "a queue that declares no dead letters makes none")
		require.ErrorIs(t, closedQueue(t, s, "require", "at_least_once").Open(ctx, ""), queues.ErrNotSupported)
	})
}

func TestLooking(t *testing.T) {
	t.Parallel()

	newLooker := func() (*fakeStorage, queues.Storage) {
		s := newFakeStorage(queues.Traits{})
		return s, struct {
			*fakeStorage
			withLook
			withCount
		}{s, withLook{s}, withCount{s}}
	}

	inBubble(t, "reports what the storage fails with, with an empty result", func(t *testing.T) {
		s, storage := newLooker()
		s.has("a")
		queue := openQueue(t, storage)
		s.fails("look", errAway, errAway)
		one, err := queue.Peek(t.Context(), "")
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.Nil(t, one)
		several, err := queue.PeekBatch(t.Context(), "", 5)
		require.ErrorIs(t, err, queues.ErrNoConnection)
		require.Empty(t, several)
		odd := errors.New("disk on fire")
		s.fails("count", odd)
		_, err = queue.ReadMessageCount()
		require.ErrorIs(t, err, odd)
		require.ErrorContains(t, err, "queue orders: counting messages")
	})

	inBubble(t, "asks for no more than an int holds, and for nothing when nothing is wanted", func(t *testing.T) {
		s, storage := newLooker()
		s.has("a")
		queue := openQueue(t, storage)
		found, err := queue.PeekBatch(t.Context(), "", 1<<40)
		require.NoError(t, err)
		require.Len(t, found, 1)
		for _, count := range []int64{0, -1} {
			found, err = queue.PeekBatch(t.Context(), "", count)
			require.NoError(t, err)
			require.NotNil(t, found)
			require.Empty(t, found)
		}
		require.Equal(t, []string{"look 2147483647"}, s.called("look"))
	})
}
