package conformance

import (
	"context"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// redriving is the cases about dead messages that are sent back.
func redriving() []testCase {
	buries := needs(queues.CapabilityDeadLetter)
	abandons := needs(queues.CapabilityDeadLetter, queues.CapabilityAbandon)
	return []testCase{
		{name: "all dead messages are redriven", needs: buries, play: func(s *scene) {
			queue := s.open()
			for _, all := range []int64{0, -1, 100} {
				sent := newMessage("A")
				sent.Headers = map[string]string{"a": "1", queues.HeaderDeliveryCount: "own"}
				require.NoError(s, queue.Send(s.ctx, "", sent))
				require.NoError(s, queue.MoveToDeadLetter(s.ctx, s.receiveReady(queue)))
				s.bury(queue, "B")
				s.redrive(queue, all, 2)
				s.expectNoneDead(queue)
				first, second := s.receiveReady(queue), s.receiveReady(queue)
				if first.GetMessageAsString() != "A" && !s.can(queues.CapabilityOrdering) {
					first, second = second, first
				}
				require.Equal(s, sent.MessageId, first.MessageId)
				require.Equal(s, "A", first.GetMessageAsString())
				require.Equal(s, sent.Headers, first.Headers, "without the headers of its death")
				require.Empty(s, second.Headers, "without the headers of its death")
				require.Equal(s, 1, first.DeliveryCount)
				s.complete(queue, first, second)
			}
		}},
		{name: "some dead messages are redriven, the oldest first", needs: buries, play: func(s *scene) {
			queue := s.open()
			s.bury(queue, "A", "B", "C", "D", "E")
			s.redrive(queue, 2, 2)
			redriven := s.drain(queue, 2)
			s.receiveNone(queue)
			left := s.drain(s.deadLetters(queue), 3)
			s.expectOrder([]string{"A", "B", "C", "D", "E"}, append(redriven, left...))
		}},
		{name: "without dead messages nothing is redriven", needs: buries, play: func(s *scene) {
			queue := s.open()
			s.quick("Redrive", func() { s.redrive(queue, 0, 0) })
			s.receiveNone(queue)
		}},
		{name: "a message may be redriven and die again", needs: abandons, play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 1)
			s.send(queue, "A")
			for range 3 {
				s.abandon(queue, s.receiveDelivery(queue, "A", 1))
				s.expectDeadHeader(queue, queues.HeaderDeliveryCount, "1")
				s.redrive(queue, 0, 1)
			}
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "redriving ends though messages die again meanwhile", needs: buries, play: func(s *scene) {
			queue := s.open()
			s.bury(queue, numbers(20)...)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
				return queues.NewPermanentError(errReceiver)
			}))
			count, err := queues.Redrive(s.ctx, queue, "", 0)
			require.NoError(s, err)
			require.EqualValues(s, 20, count)
			s.awaitDead(queue, 20)
		}},
		{name: "a ctx that has ended redrives nothing", needs: buries, play: func(s *scene) {
			queue := s.open()
			s.bury(queue, "A")
			count, err := queues.Redrive(s.ended(), queue, "", 0)
			require.ErrorIs(s, err, context.Canceled)
			require.Zero(s, count)
			s.expectDead(queue, queues.ReasonRequested, "A")
		}},
		{name: "redriving leaves what did not die in the queue", needs: buries, play: func(s *scene) {
			dead, one, _ := s.morgue()
			s.send(dead, "A")
			s.bury(one, "B")
			s.expectCount(dead, 2)
			s.redrive(one, 0, 1)
			s.complete(one, s.receiveText(one, "B"))
			s.complete(dead, s.receiveDelivery(dead, "A", 1))
			s.receiveNone(dead)
		}},
		{name: "redriving may take longer than a lock lasts", needs: needs(queues.CapabilityDeadLetter, queues.CapabilityRenewLock), play: func(s *scene) {
			dead, one, _ := s.morgue(config.LockTimeout, s.lock)
			s.send(dead, "A")
			s.bury(one, "B", "C")
			s.expectCount(dead, 3)
			s.redrive(slowQueue{one, func() { s.pause(s.lock + 2*s.slack) }}, 0, 2)
			s.expectAll(one, "B", "C")
			s.complete(dead, s.receiveDelivery(dead, "A", 1))
			s.receiveNone(dead)
		}},
	}
}

// redrive sends up to max dead messages back.
func (s *scene) redrive(queue queues.IMessageQueue, max int64, want int) {
	count, err := queues.Redrive(s.ctx, queue, testCorrelation, max)
	require.NoError(s, err, "Redrive")
	require.Equal(s, strconv.Itoa(want), strconv.FormatInt(count, 10), "number of redriven messages")
}
