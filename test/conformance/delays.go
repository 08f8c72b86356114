package conformance

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func delays() group {
	delay := needs(queues.CapabilityDelay)
	abandon := needs(queues.CapabilityDelay, queues.CapabilityAbandon)
	return group{name: "delays", cases: []testCase{
		{name: "a delayed message comes not before it is due and soon after", needs: delay, play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queues.SendDelayed(s.ctx, queue, testCorrelation, sent, s.delay))
			s.receiveNone(queue)
			s.pause(s.delay / 2)
			s.receiveNone(queue)
			got := s.receive(queue)
			s.happened(began, s.delay, "the delayed message")
			require.Equal(s, "A", got.GetMessageAsString())
			require.Equal(s, sent.MessageId, got.MessageId)
			require.Equal(s, sent.Headers, got.Headers)
			require.Equal(s, 1, got.DeliveryCount)
			s.complete(queue, got)
			s.receiveNone(queue)
		}},
		{name: "a delay of nothing sends at once", needs: delay, play: func(s *scene) {
			queue := s.open()
			for _, delay := range []time.Duration{0, -s.delay} {
				require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), delay))
				s.complete(queue, s.receiveDelivery(queue, "A", 1))
			}
		}},
		{name: "each delayed message has its own time", needs: delay, play: func(s *scene) {
			queue := s.open()
			step := 3 * max(s.slack, 10*time.Millisecond)
			began := time.Now()
			for _, steps := range []time.Duration{4, 1, 3, 2} {
				envelope := newMessage("A")
				envelope.Headers = map[string]string{"delay": (steps * step).String()}
				require.NoError(s, queues.SendDelayed(s.ctx, queue, "", envelope, steps*step))
			}
			for range 4 {
				envelope := s.receive(queue)
				delay, err := time.ParseDuration(envelope.Headers["delay"])
				require.NoError(s, err)
				s.happened(began, delay, "a message delayed for "+delay.String())
				s.complete(queue, envelope)
			}
		}},
		{name: "a delayed message is a copy", needs: delay, play: func(s *scene) {
			queue := s.open()
			sent := &queues.MessageEnvelope{Message: []byte("A"), Headers: map[string]string{"a": "1"}}
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", sent, s.delay))
			require.Equal(s, &queues.MessageEnvelope{Message: []byte("A"), Headers: map[string]string{"a": "1"}}, sent, "sending does not change the envelope")
			sent.Message[0], sent.Headers["a"] = 'X', "2"
			got := s.receive(queue)
			require.Equal(s, "A", got.GetMessageAsString())
			require.Equal(s, "1", got.Headers["a"])
		}},
		{name: "what cannot be sent cannot be sent later", needs: delay, play: func(s *scene) {
			queue := s.open(config.MaxMessageSize, 10)
			require.ErrorIs(s, queues.SendDelayed(s.ctx, queue, "", nil, s.delay), queues.ErrBadMessage)
			require.ErrorIs(s, queues.SendDelayed(s.ctx, queue, "", newMessage("12345678901"), s.delay), queues.ErrMessageTooLarge)
			require.ErrorIs(s, queues.SendDelayed(s.ended(), queue, "", newMessage("A"), s.delay), context.Canceled)
			s.pause(s.delay + s.slack)
			s.receiveNone(queue)
		}},
		{name: "delayed messages survive Close", needs: append(needs(queues.CapabilityAtLeastOnce), delay...), play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), s.delay))
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("B"), 3*s.delay))
			s.closeQueue(queue)
			s.pause(s.delay + 2*s.slack)
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 1)) // it fell due meanwhile
			got := s.receive(queue)
			require.Equal(s, "B", got.GetMessageAsString())
			s.happened(began, 3*s.delay, "the delayed message")
		}},
		{name: "a message abandoned for later comes then", needs: abandon, play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveDelivery(queue, "A", 1)
			began := time.Now()
			require.NoError(s, queues.AbandonDelayed(s.ctx, queue, held, s.delay))
			s.receiveNone(queue)
			s.pause(s.delay / 2)
			s.receiveNone(queue)
			got := s.receive(queue)
			s.happened(began, s.delay, "the abandoned message")
			require.Equal(s, "A", got.GetMessageAsString())
			require.Equal(s, 2, got.DeliveryCount)
			s.complete(queue, got)
			s.receiveNone(queue)
		}},
		{name: "abandoning for longer than the lock lasts works", needs: abandon, play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			began := time.Now()
			require.NoError(s, queues.AbandonDelayed(s.ctx, queue, held, 2*s.lock))
			got := s.receive(queue)
			s.happened(began, 2*s.lock, "the abandoned message")
			require.Equal(s, 2, got.DeliveryCount)
		}},
		{name: "abandoning for no time is abandoning", needs: abandon, play: func(s *scene) {
			queue := s.open()
			for _, delay := range []time.Duration{0, -s.delay} {
				s.send(queue, "A")
				require.NoError(s, queues.AbandonDelayed(s.ctx, queue, s.receiveDelivery(queue, "A", 1), delay))
				s.complete(queue, s.receiveDelivery(queue, "A", 2))
			}
		}},
		{name: "a message abandoned for later survives Close", needs: abandon, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			require.NoError(s, queues.AbandonDelayed(s.ctx, queue, s.receiveText(queue, "A"), s.delay))
			s.closeQueue(queue)
			s.openQueue(queue)
			got := s.receive(queue) // a queue that keeps such messages itself gives them back early
			require.Equal(s, "A", got.GetMessageAsString())
			require.Equal(s, 2, got.DeliveryCount)
		}},
		{name: "the last delivery is not abandoned for later", needs: append(needs(queues.CapabilityDeadLetter), abandon...), play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 1)
			s.send(queue, "A")
			require.NoError(s, queues.AbandonDelayed(s.ctx, queue, s.receiveText(queue, "A"), s.delay))
			s.expectDead(queue, queues.ReasonMaxDeliveries, "A")
			s.pause(s.delay + s.slack)
			s.receiveNone(queue)
		}},
	}}
}
