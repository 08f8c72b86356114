package conformance

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func waiting() group {
	return group{name: "waiting", cases: []testCase{
		{name: "without waiting it takes what is ready", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			for _, wait := range []time.Duration{0, -time.Second} {
				s.eventuallyReceive(queue, wait)
			}
			s.receiveNone(queue)
		}},
		{name: "without waiting it returns at once", play: func(s *scene) {
			queue := s.open()
			for _, wait := range []time.Duration{0, -time.Second} {
				s.quick("Receive", func() {
					envelope, err := queue.Receive(s.ctx, "", wait)
					require.NoError(s, err)
					require.Nil(s, envelope)
				})
			}
		}},
		{name: "it does not wait when a message is ready", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.quick("Receive", func() { s.receive(queue) })
		}},
		{name: "the time-out holds", play: func(s *scene) {
			queue := s.open()
			for _, wait := range []time.Duration{s.slack * 3, time.Second} {
				began := time.Now()
				envelope, err := queue.Receive(s.ctx, "", wait)
				require.NoError(s, err)
				require.Nil(s, envelope)
				s.happened(began, wait, "the time-out of Receive")
			}
		}},
		{name: "the time-out holds while others receive", play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			received := s.receiveLater(queue, time.Second)
			for i := range 5 {
				s.pause(s.slack)
				s.send(queue, numbers(i + 1)[i])
			}
			require.NotNil(s, result(s, received, "the first Receive returns").envelope)
			s.drain(queue, 4)
			received = s.receiveLater(queue, time.Second)
			require.Nil(s, result(s, received, "the last Receive returns").envelope)
			require.GreaterOrEqual(s, time.Since(began), time.Second)
		}},
		{name: "a send wakes a waiting receiver at once", play: func(s *scene) {
			queue := s.open()
			var latencies []time.Duration
			for range 11 {
				received := s.receiveLater(queue, s.patience)
				s.pause(s.slack*3/2 + s.slack/7) // so that a poll is unlikely to be due
				s.settle()
				began := time.Now()
				s.send(queue, "A")
				got := result(s, received, "the receiver is woken")
				require.NoError(s, got.err)
				require.NotNil(s, got.envelope)
				latencies = append(latencies, got.at.Sub(began))
				s.complete(queue, got.envelope)
			}
			slices.Sort(latencies)
			require.LessOrEqual(s, latencies[len(latencies)/2], s.subject.WakeUp, "median time from Send until Receive returns, of %v", latencies)
		}},
		{name: "each waiting receiver gets one message", play: func(s *scene) {
			queue := s.open()
			const count = 8
			received := make(chan reception, count)
			for range count {
				go func() {
					envelope, err := queue.Receive(s.ctx, "", s.patience)
					received <- reception{envelope: envelope, err: err}
				}()
			}
			s.settle()
			s.send(queue, numbers(count)...)
			var got []string
			for range count {
				reception := result(s, received, "every receiver has a message")
				require.NoError(s, reception.err)
				require.NotNil(s, reception.envelope)
				got = append(got, reception.envelope.GetMessageAsString())
			}
			require.ElementsMatch(s, numbers(count), got)
		}},
		{name: "a lock that runs out wakes a waiting receiver", play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			s.receiveText(queue, "A")
			began := time.Now()
			got := s.receive(queue)
			s.happened(began, s.lock, "the message whose lock ran out")
			require.Equal(s, 2, got.DeliveryCount)
		}, needs: needs(queues.CapabilityAtLeastOnce)},
		{name: "an abandoned message wakes a waiting receiver", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			received := s.receiveLater(queue, s.patience)
			silent(s, received, "the message is locked")
			began := time.Now()
			s.abandon(queue, held)
			got := result(s, received, "the receiver is woken")
			require.NoError(s, got.err)
			require.NotNil(s, got.envelope)
			require.Equal(s, 2, got.envelope.DeliveryCount)
			require.LessOrEqual(s, got.at.Sub(began), s.slack+s.subject.WakeUp, "time from Abandon until Receive returns")
		}, needs: needs(queues.CapabilityAbandon)},
		{name: "a delayed message that is due wakes a waiting receiver", play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second))
			got := s.receive(queue)
			s.happened(began, time.Second, "the delayed message")
			require.Equal(s, "A", got.GetMessageAsString())
		}, needs: needs(queues.CapabilityDelay)},
		{name: "Close wakes a waiting receiver", play: func(s *scene) {
			queue := s.open()
			received := s.receiveLater(queue, s.patience)
			silent(s, received, "nothing was sent")
			began := time.Now()
			s.closeQueue(queue)
			got := result(s, received, "Receive returns when the queue closes")
			require.ErrorIs(s, got.err, queues.ErrNotOpened)
			require.Nil(s, got.envelope)
			require.LessOrEqual(s, time.Since(began), s.slack+time.Second)
		}},
		{name: "a ctx that has ended takes nothing", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			for _, wait := range []time.Duration{0, time.Second} {
				envelope, err := queue.Receive(s.ended(), "", wait)
				require.ErrorIs(s, err, context.Canceled)
				require.Nil(s, envelope)
			}
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "a ctx that ends while it waits ends it", play: func(s *scene) {
			queue := s.open()
			ctx, cancel := context.WithCancel(s.ctx)
			failed := make(chan error, 1)
			go func() {
				_, err := queue.Receive(ctx, "", s.patience)
				failed <- err
			}()
			silent(s, failed, "nothing was sent")
			began := time.Now()
			cancel()
			require.ErrorIs(s, result(s, failed, "Receive returns when its ctx ends"), context.Canceled)
			require.LessOrEqual(s, time.Since(began), s.slack+time.Second)

			began = time.Now()
			envelope, err := queue.Receive(s.within(s.slack*3), "", s.patience)
			require.ErrorIs(s, err, context.DeadlineExceeded, "the deadline of ctx is no time-out")
			require.Nil(s, envelope)
			s.happened(began, s.slack*3, "the deadline of ctx")
			s.send(queue, "A")
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "a ctx that ends between two calls ends the second", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B")
			ctx, cancel := context.WithCancel(s.ctx)
			first, err := queue.Receive(ctx, "", s.patience)
			require.NoError(s, err)
			cancel()
			second, err := queue.Receive(ctx, "", s.patience)
			require.ErrorIs(s, err, context.Canceled)
			require.Nil(s, second)
			s.complete(queue, first)
			s.complete(queue, s.receiveReady(queue))
			s.receiveNone(queue)
		}},
		{name: "a cancelled Receive loses nothing", play: func(s *scene) {
			queue := s.open()
			for i := range s.rounds(200) {
				s.raceCancelAndSend(queue, i)
			}
			s.receiveNone(queue)
		}},
		{name: "a cancelled Receive passes its message on", play: func(s *scene) {
			queue := s.open()
			for range s.rounds(100) {
				ctx, cancel := context.WithCancel(s.ctx)
				first := make(chan reception, 1)
				go func() {
					envelope, err := queue.Receive(ctx, "", s.patience)
					first <- reception{envelope: envelope, err: err}
				}()
				s.settle()
				second := s.receiveLater(queue, s.patience)
				s.settle()
				go cancel()
				s.send(queue, "A")
				got := result(s, first, "the cancelled Receive returns")
				if got.envelope != nil {
					s.complete(queue, got.envelope)
					s.send(queue, "B") // for the other one
				}
				other := result(s, second, "the other Receive returns")
				require.NoError(s, other.err)
				require.NotNil(s, other.envelope, "a message is there, but the second receiver does not get it")
				s.complete(queue, other.envelope)
			}
			s.receiveNone(queue)
		}},
	}}
}

// rounds is how often a race is tried: n times in memory, fewer over a network.
func (s *scene) rounds(n int) int {
	if s.subject.Bubble {
		return n
	}
	return max(10, n/10)
}

// eventuallyReceive takes the next message without waiting. A broker may have confirmed a message a
// moment before it hands it out.
func (s *scene) eventuallyReceive(queue queues.IMessageQueue, wait time.Duration) {
	var got *queues.MessageEnvelope
	s.eventually(func() bool {
		var err error
		got, err = queue.Receive(s.ctx, "", wait)
		require.NoError(s, err)
		return got != nil
	}, "Receive takes what is ready with wait %s", wait)
	s.complete(queue, got)
}

// raceCancelAndSend cancels a Receive while a message is sent: it is received, or it is ready.
func (s *scene) raceCancelAndSend(queue queues.IMessageQueue, round int) {
	ctx, cancel := context.WithCancel(s.ctx)
	received := make(chan reception, 1)
	go func() {
		envelope, err := queue.Receive(ctx, "", s.patience)
		received <- reception{envelope: envelope, err: err}
	}()
	if round%2 == 0 {
		s.settle() // it waits already
	}
	sent := make(chan error, 1)
	go func() { sent <- queue.Send(s.ctx, "", newMessage("A")) }()
	cancel()
	require.NoError(s, result(s, sent, "Send returns"))
	got := result(s, received, "the cancelled Receive returns")
	if got.err != nil {
		require.ErrorIs(s, got.err, context.Canceled)
		require.Nil(s, got.envelope, "an error and a message")
		got.envelope = s.receiveDelivery(queue, "A", 1)
	}
	require.NotNil(s, got.envelope, "a cancelled Receive returned neither message nor error")
	s.complete(queue, got.envelope)
}
