package conformance

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// unbounded says why the cases of this group are skipped for a queue without bounds.
func unbounded(subject *Subject) string {
	if subject.Bounded {
		return ""
	}
	return "Subject.Bounded is not set: the queue does not keep options.max_messages"
}

func bounds() group {
	cases := []testCase{
		{name: "a full queue rejects", play: func(s *scene) {
			queue := s.open(config.MaxMessages, 2, config.Overflow, config.OverflowReject)
			s.send(queue, "A", "B")
			s.quick("Send", func() { require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("C")), queues.ErrQueueFull) })
			s.expectAll(queue, "A", "B")
			s.send(queue, "D")
			s.expectAll(queue, "D")
		}},
		{name: "a locked message takes up room", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.open(config.MaxMessages, 1, config.Overflow, config.OverflowReject)
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("B")), queues.ErrQueueFull)
			s.complete(queue, held)
			s.send(queue, "B")
			if s.can(queues.CapabilityAbandon) {
				s.abandon(queue, s.receiveText(queue, "B"))
				require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("C")), queues.ErrQueueFull)
			}
			s.expectAll(queue, "B")
		}},
		{name: "a full queue rejects a batch as a whole", needs: needs(queues.CapabilityBatch), play: func(s *scene) {
			queue := s.open(config.MaxMessages, 3, config.Overflow, config.OverflowReject)
			s.send(queue, "A")
			require.ErrorIs(s, queues.SendBatch(s.ctx, queue, "", newMessages("B", "C", "D")), queues.ErrQueueFull)
			require.NoError(s, queues.SendBatch(s.ctx, queue, "", newMessages("B", "C")))
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "a full queue makes the sender wait", play: func(s *scene) {
			queue := s.open(config.MaxMessages, 2)
			s.send(queue, "A", "B")
			sent := make(chan error, 1)
			go func() { sent <- queue.Send(s.ctx, "", newMessage("C")) }()
			silent(s, sent, "Send waits")
			s.complete(queue, s.receiveReady(queue))
			require.NoError(s, result(s, sent, "Send returns when there is room"))
			require.ElementsMatch(s, []string{"B", "C"}, s.drain(queue, 2))
		}},
		{name: "a waiting sender goes on when its ctx ends", play: func(s *scene) {
			queue := s.open(config.MaxMessages, 1)
			s.send(queue, "A")
			began := time.Now()
			err := queue.Send(s.within(s.slack*2), "", newMessage("B"))
			require.ErrorIs(s, err, context.DeadlineExceeded)
			s.happened(began, s.slack*2, "the deadline")
			s.expectAll(queue, "A")
		}},
		{name: "a waiting sender goes on when the queue closes", play: func(s *scene) {
			queue := s.open(config.MaxMessages, 1)
			s.send(queue, "A")
			sent := make(chan error, 1)
			go func() { sent <- queue.Send(s.ctx, "", newMessage("B")) }()
			silent(s, sent, "Send waits")
			s.closeQueue(queue)
			require.ErrorIs(s, result(s, sent, "Send returns when the queue closes"), queues.ErrNotOpened)
			s.openQueue(queue)
			s.expectAll(queue, "A")
		}},
		{name: "waiting senders all get through", play: func(s *scene) {
			queue := s.open(config.MaxMessages, 2)
			texts := numbers(30)
			sent := make(chan error, len(texts))
			for _, text := range texts {
				go func() { sent <- queue.Send(s.ctx, "", newMessage(text)) }()
			}
			var got []string
			for range texts {
				envelope := s.receive(queue)
				got = append(got, envelope.GetMessageAsString())
				s.complete(queue, envelope)
			}
			require.ElementsMatch(s, texts, got)
			for range texts {
				require.NoError(s, result(s, sent, "every Send returns"))
			}
		}},
		{name: "Clear makes room", needs: needs(queues.CapabilityClear), play: func(s *scene) {
			queue := s.open(config.MaxMessages, 3)
			s.send(queue, "A", "B", "C")
			s.receiveReady(queue) // locked while it is cleared
			sent := make(chan error, 3)
			for _, text := range []string{"D", "E", "F"} {
				go func() { sent <- queue.Send(s.ctx, "", newMessage(text)) }()
			}
			silent(s, sent, "Send waits")
			s.clear(queue)
			for range 3 {
				require.NoError(s, result(s, sent, "Send returns when there is room"))
			}
			require.ElementsMatch(s, []string{"D", "E", "F"}, s.drain(queue, 3))
		}},
		{name: "a delayed message takes up room", needs: needs(queues.CapabilityDelay), play: func(s *scene) {
			queue := s.open(config.MaxMessages, 1, config.Overflow, config.OverflowReject)
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), s.delay))
			require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("B")), queues.ErrQueueFull)
			s.complete(queue, s.receive(queue))
			s.send(queue, "B")
		}},
		{name: "moving to the dead letters makes room", needs: needs(queues.CapabilityDeadLetter), play: func(s *scene) {
			queue := s.open(config.MaxMessages, 1, config.Overflow, config.OverflowReject)
			s.bury(queue, "A", "B", "C")
			s.expectDead(queue, queues.ReasonRequested, "A", "B", "C")
		}},
	}
	for i := range cases {
		cases[i].absent = unbounded
	}
	return group{name: "bounds", cases: cases}
}
