package conformance

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func order() group {
	ordered := needs(queues.CapabilityOrdering)
	safe := needs(queues.CapabilityOrdering, queues.CapabilityAtLeastOnce)
	abandoned := needs(queues.CapabilityOrdering, queues.CapabilityAbandon)
	delayed := needs(queues.CapabilityOrdering, queues.CapabilityDelay)
	return group{name: "order", cases: []testCase{
		{name: "messages come in the order of sending", needs: ordered, play: func(s *scene) {
			queue := s.open()
			texts := numbers(s.subject.either1(1000, 200))
			s.send(queue, texts...)
			require.Equal(s, texts, s.drain(queue, len(texts)))
		}},
		{name: "messages come in order while they are sent", needs: ordered, play: func(s *scene) {
			queue := s.open()
			texts := numbers(s.subject.either1(500, 100))
			sent := make(chan error, 1)
			go func() {
				for _, text := range texts {
					if err := queue.Send(s.ctx, "", newMessage(text)); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
			for _, text := range texts {
				envelope := s.receive(queue)
				require.Equal(s, text, envelope.GetMessageAsString())
				s.complete(queue, envelope)
			}
			require.NoError(s, result(s, sent, "all is sent"))
		}},
		{name: "an abandoned message comes before later ones", needs: abandoned, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C")
			first, second := s.receiveText(queue, "A"), s.receiveText(queue, "B")
			s.abandon(queue, first)
			s.abandon(queue, second)
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "messages abandoned in any order come in the order of sending", needs: abandoned, play: func(s *scene) {
			queue := s.open()
			texts := numbers(20)
			s.send(queue, texts...)
			held := s.receiveAll(queue, 10)
			for i := range held {
				s.abandon(queue, held[(i*7+3)%len(held)])
			}
			s.expectAll(queue, texts...)
		}},
		{name: "a message whose lock ran out comes before later ones", needs: safe, play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A", "B", "C", "D")
			s.receiveText(queue, "A")
			second := s.receiveText(queue, "B")
			third := s.receiveText(queue, "C")
			s.complete(queue, second)
			s.pause(s.lock + 2*s.slack)
			require.ErrorIs(s, queue.Complete(s.ctx, third), queues.ErrLockLost)
			s.expectAll(queue, "A", "C", "D")
		}},
		{name: "what Close gives back comes before later ones", needs: safe, play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C", "D")
			s.receiveText(queue, "A")
			s.complete(queue, s.receiveText(queue, "B"))
			s.receiveText(queue, "C")
			s.closeQueue(queue)
			s.openQueue(queue)
			s.send(queue, "E")
			s.expectAll(queue, "A", "C", "D", "E")
		}},
		{name: "a listener gets messages in order", needs: ordered, play: func(s *scene) {
			queue := s.open(config.Prefetch, 7)
			texts := numbers(200)
			s.send(queue, texts[:50]...)
			receiver := test.NewTestMessageReceiver()
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, texts[50:]...)
			got, err := receiver.WaitForMessages(s.within(s.patience), len(texts))
			require.NoError(s, err)
			require.Equal(s, texts, payloads(got))
		}},
		{name: "a batch keeps its order", needs: ordered, play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", newMessages("A", "B", "C", "D", "E")))
			var got []string
			for len(got) < 5 {
				batch, err := queues.ReceiveBatch(s.ctx, queue, "", 3, s.patience)
				require.NoError(s, err)
				require.NotEmpty(s, batch)
				got = append(got, payloads(batch)...)
				s.complete(queue, batch...)
			}
			require.Equal(s, []string{"A", "B", "C", "D", "E"}, got)
		}},
		{name: "a message abandoned for later returns to its old place", needs: append(slices.Clone(delayed), queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A", "B", "C")
			require.NoError(s, queues.AbandonDelayed(s.ctx, queue, s.receiveText(queue, "A"), time.Second))
			s.complete(queue, s.receiveText(queue, "B"))
			s.pause(time.Second + s.slack)
			s.send(queue, "D")
			s.expectAll(queue, "A", "C", "D")
		}},
		{name: "a delayed message enters at the end when it is due", needs: delayed, play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second))
			s.send(queue, "B")
			s.pause(time.Second + 2*s.slack)
			s.send(queue, "C")
			s.expectAll(queue, "B", "A", "C")
		}},
		{name: "delayed messages come in the order they are due", needs: delayed, play: func(s *scene) {
			queue := s.open()
			for i, payload := range []string{"C", "A", "D", "B"} {
				delay := []time.Duration{3, 1, 4, 2}[i] * 4 * max(s.slack, 10*time.Millisecond)
				require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage(payload), delay))
			}
			s.pause(20 * max(s.slack, 10*time.Millisecond))
			s.expectAll(queue, "A", "B", "C", "D")
		}},
	}}
}
