package conformance

import (
	"math"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func looking() group {
	peek, batch := needs(queues.CapabilityPeek), needs(queues.CapabilityPeekBatch)
	count, clear := needs(queues.CapabilityMessageCount), needs(queues.CapabilityClear)
	return group{name: "looking", cases: []testCase{
		{name: "Peek shows the next message and leaves it", needs: peek, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			first := s.peek(queue)
			for range 3 {
				shown := s.peek(queue)
				require.Equal(s, first.MessageId, shown.MessageId)
				require.Nil(s, shown.GetReference(), "a message that is only shown has no lock")
			}
			s.expectCount(queue, 2)
			got := s.receiveReady(queue)
			require.Equal(s, 1, got.DeliveryCount, "Peek does not count")
			s.expectOrder([]string{"A", "B"}, []string{got.GetMessageAsString(), s.receiveReady(queue).GetMessageAsString()})
		}},
		{name: "Peek shows what Receive would give", needs: peek, play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			shown, got := s.peek(queue), s.receiveReady(queue)
			require.Equal(s, got.MessageId, shown.MessageId)
			require.Equal(s, got.MessageType, shown.MessageType)
			require.Equal(s, got.CorrelationId, shown.CorrelationId)
			require.Equal(s, got.Message, shown.Message)
			require.Equal(s, got.Headers, shown.Headers)
			require.True(s, got.SentTime.Equal(shown.SentTime))
		}},
		{name: "Peek at an empty queue shows nothing", needs: peek, play: func(s *scene) {
			queue := s.open()
			shown, err := queue.Peek(s.ctx, "")
			require.NoError(s, err)
			require.Nil(s, shown)
		}},
		{name: "Peek shows a copy", needs: peek, play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			shown := s.peek(queue)
			shown.Message[0], shown.Headers["a"] = 'X', "2"
			require.Equal(s, "A", s.peek(queue).GetMessageAsString())
			require.Equal(s, sent.Headers, s.receiveText(queue, "A").Headers)
		}},
		{name: "settling a message that was only shown is a no-op", needs: peek, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			shown := s.peek(queue)
			for _, settling := range s.settlings(true) {
				require.NoError(s, settling.call(s.ctx, queue, shown), settling.name)
			}
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "PeekBatch shows messages in order and leaves them", needs: batch, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C")
			for range 2 {
				s.peekBatch(queue, 3, "A", "B", "C")
			}
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "PeekBatch shows as many as there are and are asked for", needs: batch, play: func(s *scene) {
			queue := s.open()
			s.peekBatch(queue, 5)
			s.send(queue, "A", "B", "C")
			s.peekBatch(queue, 10, "A", "B", "C")
			s.peekBatch(queue, math.MaxInt64, "A", "B", "C")
			if s.can(queues.CapabilityOrdering) {
				s.peekBatch(queue, 2, "A", "B")
				s.peekBatch(queue, 1, "A")
			}
		}},
		{name: "PeekBatch of less than one shows nothing", needs: batch, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			for _, count := range []int64{0, -1, math.MinInt64} {
				s.peekBatch(queue, count)
			}
		}},
		{name: "PeekBatch shows copies", needs: batch, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			shown, err := queue.PeekBatch(s.ctx, "", 2)
			require.NoError(s, err)
			require.Len(s, shown, 2)
			shown[0].Message[0], shown[1].Message[0] = 'X', 'X'
			s.expectAll(queue, "A", "B")
		}},
		{name: "only ready messages are shown", needs: peek, play: func(s *scene) {
			queue := s.open()
			if s.can(queues.CapabilityDelay) {
				require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("later"), time.Minute))
			}
			s.send(queue, "A", "B")
			held := s.receiveReady(queue)
			shown := s.peek(queue)
			require.NotEqual(s, held.MessageId, shown.MessageId, "a locked message was shown")
			require.NotEqual(s, "later", shown.GetMessageAsString(), "a delayed message was shown")
			if s.can(queues.CapabilityPeekBatch) {
				s.peekBatch(queue, 10, shown.GetMessageAsString())
			}
		}},
		{name: "an abandoned message is shown at its old place", needs: append(needs(queues.CapabilityAbandon, queues.CapabilityOrdering), batch...), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C", "D")
			held := s.receiveAll(queue, 3)
			s.abandon(queue, held[2], held[0])
			s.peekBatch(queue, 10, "A", "C", "D")
			s.peekBatch(queue, 2, "A", "C")
		}},
		{name: "the count is of ready messages", needs: count, play: func(s *scene) {
			queue := s.openBrief()
			s.expectCount(queue, 0)
			s.send(queue, "A", "B", "C")
			s.expectCount(queue, 3)
			held := s.receiveAll(queue, 2)
			s.expectCount(queue, 1)
			s.complete(queue, held[0])
			s.expectCount(queue, 1)
			if s.can(queues.CapabilityAtLeastOnce) {
				s.pause(s.lock + 2*s.slack)
				s.expectCount(queue, 2)
			}
		}},
		{name: "an abandoned message is counted", needs: append(needs(queues.CapabilityAbandon), count...), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			s.abandon(queue, s.receiveReady(queue))
			s.expectCount(queue, 2)
		}},
		{name: "a delayed message is counted when it is due", needs: append(needs(queues.CapabilityDelay), count...), play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second))
			s.expectCount(queue, 0)
			s.pause(time.Second + s.slack)
			s.expectCount(queue, 1)
		}},
		{name: "Clear removes ready messages", needs: clear, play: func(s *scene) {
			queue := s.open()
			s.clear(queue)
			s.send(queue, "A", "B")
			s.clear(queue)
			s.receiveNone(queue)
			s.send(queue, "C")
			s.expectAll(queue, "C")
		}},
		{name: "Clear removes delayed messages", needs: append(needs(queues.CapabilityDelay), clear...), play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second))
			if s.can(queues.CapabilityAbandon) {
				s.send(queue, "B")
				require.NoError(s, queues.AbandonDelayed(s.ctx, queue, s.receiveText(queue, "B"), time.Second))
			}
			s.clear(queue)
			s.pause(time.Second + 2*s.slack)
			s.receiveNone(queue)
		}},
		{name: "Clear removes locked messages from their holders", needs: append(needs(queues.CapabilityAtLeastOnce), clear...), play: func(s *scene) {
			each(s, s.settlings(true), func(settling settling) {
				queue := s.openBrief()
				s.send(queue, "A")
				held := s.receiveText(queue, "A")
				s.clear(queue)
				require.ErrorIs(s, settling.call(s.ctx, queue, held), queues.ErrLockLost, "%s of a message that was cleared", settling.name)
				s.pause(s.lock + 2*s.slack)
				s.receiveNone(queue)
			})
		}},
		{name: "Clear removes messages that wait for a retry", needs: append(needs(queues.CapabilityAbandon), clear...), play: func(s *scene) {
			queue := s.open(config.RetryDelay, time.Second)
			receiver := failingReceiver()
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			_, err := receiver.WaitForMessages(s.within(s.patience), 1)
			require.NoError(s, err)
			s.pause(max(2*s.slack, 100*time.Millisecond))
			s.clear(queue)
			s.pause(2*time.Second + 2*s.slack)
			require.Equal(s, 1, receiver.GetMessageCount())
			s.receiveNone(queue)
		}},
		{name: "Clear leaves the dead letters", needs: append(needs(queues.CapabilityDeadLetter), clear...), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			require.NoError(s, queue.MoveToDeadLetter(s.ctx, s.receiveReady(queue)))
			s.clear(queue)
			s.receiveNone(queue)
			s.drain(s.deadLetters(queue), 1)
		}},
	}}
}

// peek shows the next message, which is ready.
func (s *scene) peek(queue queues.IMessageQueue) *queues.MessageEnvelope {
	var shown *queues.MessageEnvelope
	s.eventually(func() bool {
		var err error
		shown, err = queue.Peek(s.ctx, testCorrelation)
		require.NoError(s, err, "Peek")
		return shown != nil
	}, "Peek shows a message that is ready")
	return shown
}

// peekBatch checks which messages are shown, in order if the queue keeps it.
func (s *scene) peekBatch(queue queues.IMessageQueue, count int64, want ...string) {
	var shown []*queues.MessageEnvelope
	s.eventually(func() bool {
		var err error
		shown, err = queue.PeekBatch(s.ctx, testCorrelation, count)
		require.NoError(s, err, "PeekBatch(%d)", count)
		require.NotNil(s, shown, "PeekBatch(%d) gives an empty list rather than nil", count)
		return len(shown) == len(want)
	}, "PeekBatch(%d) shows %d messages", count, len(want))
	if len(want) == 0 {
		return
	}
	s.expectOrder(want, payloads(shown))
}
