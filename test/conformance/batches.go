package conformance

import (
	"context"
	"math"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func batches() group {
	allOrNone := needs(queues.CapabilityBatch)
	return group{name: "batches", cases: []testCase{
		{name: "SendBatch sends all messages", play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", newMessages("A", "B", "C")))
			s.expectCount(queue, 3)
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "SendBatch of nothing does nothing", play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", nil))
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", []*queues.MessageEnvelope{}))
			s.receiveNone(queue)
		}},
		{name: "SendBatch wakes waiting receivers", play: func(s *scene) {
			queue := s.open()
			one, two := s.receiveLater(queue, s.patience), s.receiveLater(queue, s.patience)
			s.settle()
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", newMessages("A", "B")))
			require.NotNil(s, result(s, one, "the first receiver is woken").envelope)
			require.NotNil(s, result(s, two, "the second receiver is woken").envelope)
		}},
		{name: "SendBatch with a bad message sends nothing", needs: allOrNone, play: func(s *scene) {
			queue := s.open(config.MaxMessageSize, 10)
			err := queues.SendBatch(s.ctx, queue, "", []*queues.MessageEnvelope{newMessage("A"), nil, newMessage("B")})
			require.ErrorIs(s, err, queues.ErrBadMessage)
			err = queues.SendBatch(s.ctx, queue, "", newMessages("A", "12345678901", "B"))
			require.ErrorIs(s, err, queues.ErrMessageTooLarge)
			s.receiveNone(queue)
		}},
		{name: "SendBatch with a ctx that has ended sends nothing", play: func(s *scene) {
			queue := s.open()
			require.ErrorIs(s, queues.SendBatch(s.ended(), queue, "", newMessages("A", "B")), context.Canceled)
			s.receiveNone(queue)
		}},
		{name: "SendBatch keeps copies and changes nothing", play: func(s *scene) {
			queue := s.open()
			batch := []*queues.MessageEnvelope{{Message: []byte("A")}, {Message: []byte("B")}}
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", batch))
			require.Equal(s, []*queues.MessageEnvelope{{Message: []byte("A")}, {Message: []byte("B")}}, batch)
			batch[0].Message[0] = 'X'
			s.expectAll(queue, "A", "B")
		}},
		{name: "ReceiveBatch takes as many as there are and are asked for", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C", "D", "E")
			first := s.receiveBatch(queue, 3)
			var rest []*queues.MessageEnvelope
			for len(first)+len(rest) < 5 {
				rest = append(rest, s.receiveBatch(queue, math.MaxInt)...)
			}
			s.expectOrder([]string{"A", "B", "C", "D", "E"}, append(payloads(first), payloads(rest)...))
			s.complete(queue, first...)
			s.complete(queue, rest...)
			s.receiveNone(queue)
		}},
		{name: "ReceiveBatch does not wait for more than one", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.quick("ReceiveBatch", func() { require.Len(s, s.receiveBatch(queue, 10), 1) })
		}},
		{name: "ReceiveBatch waits for the first", play: func(s *scene) {
			queue := s.open()
			sent := make(chan error, 1)
			go func() {
				time.Sleep(s.slack * 2)
				sent <- queue.Send(s.ctx, "", newMessage("A"))
			}()
			require.Equal(s, []string{"A"}, payloads(s.receiveBatch(queue, 10)))
			require.NoError(s, result(s, sent, "Send returns"))
		}},
		{name: "ReceiveBatch keeps its time-out", play: func(s *scene) {
			queue := s.open()
			for _, wait := range []time.Duration{0, -time.Second, time.Second} {
				began := time.Now()
				batch, err := queues.ReceiveBatch(s.ctx, queue, "", 10, wait)
				require.NoError(s, err)
				require.NotNil(s, batch, "an empty list rather than nil")
				require.Empty(s, batch)
				s.happened(began, max(0, wait), "the time-out of ReceiveBatch")
			}
		}},
		{name: "ReceiveBatch of less than one takes nothing", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			for _, max := range []int{0, -1, math.MinInt} {
				batch, err := queues.ReceiveBatch(s.ctx, queue, "", max, s.patience)
				require.NoError(s, err)
				require.NotNil(s, batch, "an empty list rather than nil")
				require.Empty(s, batch)
			}
			s.receiveDelivery(queue, "A", 1)
		}},
		{name: "ReceiveBatch ends with its ctx", play: func(s *scene) {
			queue := s.open()
			_, err := queues.ReceiveBatch(s.within(s.slack*2), queue, "", 10, s.patience)
			require.ErrorIs(s, err, context.DeadlineExceeded)
			s.send(queue, "A")
			_, err = queues.ReceiveBatch(s.ended(), queue, "", 10, s.patience)
			require.ErrorIs(s, err, context.Canceled)
			s.receiveDelivery(queue, "A", 1)
		}},
		{name: "each message of a batch has its own lock", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A", "B", "C")
			held := map[string]*queues.MessageEnvelope{}
			for len(held) < 3 {
				for _, envelope := range s.receiveBatch(queue, 3-len(held)) {
					require.Equal(s, 1, envelope.DeliveryCount)
					held[envelope.GetMessageAsString()] = envelope
				}
			}
			s.complete(queue, held["A"])
			s.abandon(queue, held["B"])
			s.complete(queue, s.receiveDelivery(queue, "B", 2))
			s.pause(s.lock + 2*s.slack)
			require.ErrorIs(s, queue.Complete(s.ctx, held["C"]), queues.ErrLockLost)
			s.complete(queue, s.receiveDelivery(queue, "C", 2))
			s.receiveNone(queue)
		}},
	}}
}

// receiveBatch takes at least one message and at most max.
func (s *scene) receiveBatch(queue queues.IMessageQueue, max int) []*queues.MessageEnvelope {
	batch, err := queues.ReceiveBatch(s.ctx, queue, testCorrelation, max, s.patience)
	require.NoError(s, err, "ReceiveBatch")
	require.NotEmpty(s, batch, "ReceiveBatch returned nothing though a message is there")
	require.LessOrEqual(s, len(batch), max, "ReceiveBatch returned more than asked for")
	return batch
}
