package conformance

import (
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func redelivery() group {
	return group{name: "redelivery", cases: []testCase{
		{name: "an abandoned message is ready at once", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.abandon(queue, s.receiveDelivery(queue, "A", 1))
			s.expectCount(queue, 1)
			s.complete(queue, s.receiveDelivery(queue, "A", 2))
			s.receiveNone(queue)
		}},
		{name: "the count is exact over abandon and expiry", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.openBrief(config.MaxDeliveries, 0)
			other := s.second(queue, config.LockTimeout, s.lock, config.MaxDeliveries, 0)
			s.send(queue, "A")
			for count := 1; count <= 4; count += 2 {
				s.abandon(queue, s.receiveDelivery(queue, "A", count))
				s.receiveDelivery(other, "A", count+1)
				s.pause(s.lock + 2*s.slack)
			}
			s.complete(queue, s.receiveDelivery(queue, "A", 5))
		}},
		{name: "the count survives a restart of the consumer", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.abandon(queue, s.receiveDelivery(queue, "A", 1))
			s.closeQueue(queue)
			s.openQueue(queue)
			s.abandon(queue, s.receiveDelivery(queue, "A", 2))
			s.complete(queue, s.receiveDelivery(queue, "A", 3))
		}},
		{name: "what Close gives back is not counted", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			for range 3 {
				require.Equal(s, 1, s.receiveReady(queue).DeliveryCount, "after Close")
				s.closeQueue(queue)
				s.openQueue(queue)
			}
			var got []string
			for range 2 {
				envelope := s.receiveReady(queue)
				require.Equal(s, 1, envelope.DeliveryCount, "after Close")
				got = append(got, envelope.GetMessageAsString())
				s.complete(queue, envelope)
			}
			s.expectOrder([]string{"A", "B"}, got)
			s.receiveNone(queue)
		}},
		{name: "without a limit a message comes again for ever", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 0)
			s.send(queue, "A")
			for count := 1; count <= 30; count++ {
				s.abandon(queue, s.receiveDelivery(queue, "A", count))
			}
			s.expectNoneDead(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 31))
		}},
		{name: "a changed envelope does not change the message", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			sent := newMessage("ABC")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			for count := 1; count <= 3; count++ {
				got := s.receiveDelivery(queue, "ABC", count)
				require.Equal(s, sent.Headers, got.Headers)
				require.Equal(s, []string{sent.MessageId, testType, testCorrelation}, []string{got.MessageId, got.MessageType, got.CorrelationId})
				got.Message[0] = 'X'
				got.Message = append(got.Message[:1], 'Y')
				got.Headers["a"], got.Headers["b"] = "2", "3"
				got.MessageId, got.MessageType, got.CorrelationId = "x", "x", "x"
				got.DeliveryCount = 100
				s.abandon(queue, got)
			}
		}},
		{name: "the message stays the same", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			first := s.receiveReady(queue)
			s.abandon(queue, first)
			second := s.receiveReady(queue)
			require.Equal(s, first.MessageId, second.MessageId)
			require.Equal(s, first.MessageType, second.MessageType)
			require.Equal(s, first.CorrelationId, second.CorrelationId)
			require.True(s, first.SentTime.Equal(second.SentTime), "SentTime was %s, is %s", first.SentTime, second.SentTime)
			require.Equal(s, first.Message, second.Message)
			require.Equal(s, first.Headers, second.Headers)
		}},
	}}
}
