package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func deadLetters() group {
	return group{name: "dead letters", cases: slices.Concat(dying(), redriving(), deadLetterQueue())}
}

// dying is the cases about how messages get to be dead, and what becomes of them.
func dying() []testCase {
	buries := needs(queues.CapabilityDeadLetter)
	abandons := needs(queues.CapabilityDeadLetter, queues.CapabilityAbandon)
	return []testCase{
		{name: "a message is moved on request", needs: buries, play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A", "B")
			s.expectNoneDead(queue)
			require.NoError(s, queue.MoveToDeadLetter(s.ctx, s.receiveReady(queue)))
			s.drain(queue, 1)
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
			dead := s.receiveReady(s.deadLetters(queue))
			require.Equal(s, queues.ReasonRequested, dead.Headers[queues.HeaderDeadLetterReason])
			s.complete(s.deadLetters(queue), dead)
			s.expectNoneDead(queue)
		}},
		{name: "a dead message keeps what it was and says where it is from", needs: buries, play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1", "unicode": "мёртв"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			before := time.Now()
			require.NoError(s, queue.MoveToDeadLetter(s.ctx, s.receiveReady(queue)))
			dead := s.receiveReady(s.deadLetters(queue))
			require.Equal(s, sent.MessageId, dead.MessageId)
			require.Equal(s, testType, dead.MessageType)
			require.Equal(s, testCorrelation, dead.CorrelationId)
			require.Equal(s, "A", dead.GetMessageAsString())
			require.Equal(s, 1, dead.DeliveryCount, "its deliveries count anew in the dead-letter queue")
			for name, value := range sent.Headers {
				require.Equal(s, value, dead.Headers[name], "header %s", name)
			}
			require.Equal(s, queue.Name(), dead.Headers[queues.HeaderDeadLetterSource])
			require.Equal(s, "1", dead.Headers[queues.HeaderDeliveryCount])
			require.NotContains(s, dead.Headers, queues.HeaderDeadLetterError, "there was no error")
			died, err := time.Parse(time.RFC3339Nano, dead.Headers[queues.HeaderDeadLetterTime])
			require.NoError(s, err, "header %s", queues.HeaderDeadLetterTime)
			require.WithinDuration(s, before, died, time.Second+s.slack, "header %s", queues.HeaderDeadLetterTime)
			s.complete(s.deadLetters(queue), dead)
		}},
		{name: "a message that is abandoned too often is moved once", needs: abandons, play: func(s *scene) {
			queue := s.openBrief(config.MaxDeliveries, 3)
			s.send(queue, "A", "B")
			for count := 1; count <= 3; count++ {
				s.expectNoneDead(queue)
				envelope := s.receiveReady(queue)
				other := s.receiveReady(queue)
				s.abandon(queue, envelope, other)
			}
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
			s.expectDeadHeader(queue, queues.HeaderDeliveryCount, "3")
			s.expectDead(queue, queues.ReasonMaxDeliveries, "A", "B")
		}},
		{name: "a message whose lock runs out too often is moved once", needs: buries, play: func(s *scene) {
			queue := s.openBrief(config.MaxDeliveries, 2)
			s.send(queue, "A")
			for count := 1; count <= 2; count++ {
				s.receiveDelivery(queue, "A", count)
				s.pause(s.lock + 2*s.slack)
			}
			// A broker that keeps the locks tells nobody; the next who asks finds out.
			s.receiveNone(queue)
			s.expectDeadHeader(queue, queues.HeaderDeliveryCount, "2")
			s.expectDead(queue, queues.ReasonMaxDeliveries, "A")
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
			s.expectNoneDead(queue)
		}},
		{name: "one delivery may be the limit", needs: abandons, play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 1)
			s.send(queue, "A")
			s.abandon(queue, s.receiveDelivery(queue, "A", 1))
			s.receiveNone(queue)
			s.expectDead(queue, queues.ReasonMaxDeliveries, "A")
		}},
		{name: "the last delivery may still be completed", needs: abandons, play: func(s *scene) {
			queue := s.openBrief(config.MaxDeliveries, 2)
			s.send(queue, "A")
			s.abandon(queue, s.receiveDelivery(queue, "A", 1))
			s.complete(queue, s.receiveDelivery(queue, "A", 2))
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
			s.expectNoneDead(queue)
		}},
		{name: "a message that its receiver cannot handle is moved at the limit", needs: abandons, play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 3, config.RetryDelay, 10*time.Millisecond, config.RetryMaxDelay, 10*time.Millisecond)
			receiver := failingReceiver()
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			s.awaitDead(queue, 1)
			require.Equal(s, 3, receiver.GetMessageCount(), "deliveries")
			s.expectDeadHeader(queue, queues.HeaderDeadLetterError, errReceiver.Error())
			s.expectDead(queue, queues.ReasonMaxDeliveries, "A")
		}},
		{name: "a permanent error moves the message at once", needs: buries, play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			cause := errors.New("no such customer")
			for _, failure := range []error{
				queues.NewPermanentError(cause),
				fmt.Errorf("handling an order: %w", queues.NewPermanentError(cause)),
			} {
				s.send(queue, "A")
				job := receiver.next()
				require.Equal(s, 1, job.envelope.DeliveryCount)
				job.end(failure)
				s.awaitDead(queue, 1)
				s.expectDeadHeader(queue, queues.HeaderDeadLetterError, failure.Error())
				s.expectDeadHeader(queue, queues.HeaderDeliveryCount, "1")
				s.expectDead(queue, queues.ReasonReceiverError, "A")
			}
			s.receiveNone(queue)
		}},
		{name: "dead messages are received, shown, counted and cleared", needs: buries, play: func(s *scene) {
			queue := s.open()
			dead := s.deadLetters(queue)
			s.bury(queue, "A", "B", "C")
			s.expectCount(dead, 3)
			if dead.Capabilities().CanPeekBatch() {
				s.peekBatch(dead, 10, "A", "B", "C")
			}
			held := s.receiveReady(dead)
			s.expectCount(dead, 2)
			if dead.Capabilities().CanAbandon() {
				s.abandon(dead, held)
				held = s.receiveReady(dead)
				require.Equal(s, 2, held.DeliveryCount)
			}
			s.complete(dead, held)
			if dead.Capabilities().CanClear() {
				s.clear(dead)
				s.receiveNone(dead)
			}
		}},
		{name: "dead messages can be listened to", needs: buries, play: func(s *scene) {
			queue := s.open()
			dead := s.deadLetters(queue)
			receiver := newWorkshop(s)
			dead.BeginListen(s.ctx, "", receiver)
			s.bury(queue, "A")
			job := receiver.next()
			require.Equal(s, "A", job.envelope.GetMessageAsString())
			job.end(nil)
			s.expectNoneDead(queue)
		}},
		{name: "dead messages do not die", needs: abandons, play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 2)
			s.bury(queue, "A")
			dead := s.deadLetters(queue)
			require.True(s, dead.Capabilities().CanAbandon(), "capabilities of the dead-letter queue")
			for count := 1; count <= 5; count++ {
				s.abandon(dead, s.receiveDelivery(dead, "A", count))
			}
			s.complete(dead, s.receiveDelivery(dead, "A", 6))
			s.expectNoneDead(queue)
		}},
		{name: "the dead-letter queue is open when the queue is", needs: buries, play: func(s *scene) {
			queue := s.closed()
			dead := s.deadLetters(queue)
			require.False(s, dead.IsOpen())
			for range 2 {
				s.openQueue(queue)
				require.True(s, s.deadLetters(queue).IsOpen())
				require.Equal(s, dead.Name(), s.deadLetters(queue).Name())
				s.closeQueue(queue)
				require.False(s, s.deadLetters(queue).IsOpen())
			}
			require.NotEqual(s, queue.Name(), dead.Name())
		}},
		{name: "dead messages survive Close", needs: buries, play: func(s *scene) {
			queue := s.open()
			s.bury(queue, "A", "B")
			s.closeQueue(queue)
			s.openQueue(queue)
			s.expectDead(queue, queues.ReasonRequested, "A", "B")
		}},
		{name: "dead messages are not trimmed", needs: buries, play: func(s *scene) {
			queue := s.open()
			texts := numbers(s.subject.either1(1200, 300))
			s.bury(queue, texts...)
			s.expectDead(queue, queues.ReasonRequested, texts...)
		}},
		{name: "each message dies once, whoever abandons it", needs: abandons, play: func(s *scene) {
			queue := s.open(config.MaxDeliveries, 2)
			texts := numbers(s.subject.either1(200, 50))
			s.send(queue, texts...)
			s.abandonAll(queue, 4, 2*len(texts))
			s.expectDead(queue, queues.ReasonMaxDeliveries, texts...)
		}},
	}
}

// bury sends messages and moves them to the dead-letter queue.
func (s *scene) bury(queue queues.IMessageQueue, payloads ...string) {
	for _, payload := range payloads {
		s.send(queue, payload)
		require.NoError(s, queue.MoveToDeadLetter(s.ctx, s.receiveText(queue, payload)))
	}
}

// expectDead takes and completes the dead messages, which have these payloads and died for that reason,
// in order if the queue keeps it.
func (s *scene) expectDead(queue queues.IMessageQueue, reason string, want ...string) {
	dead := s.deadLetters(queue)
	got := make([]string, len(want))
	for i := range want {
		envelope := s.receiveReady(dead)
		require.Equal(s, reason, envelope.Headers[queues.HeaderDeadLetterReason], "header %s", queues.HeaderDeadLetterReason)
		got[i] = envelope.GetMessageAsString()
		s.complete(dead, envelope)
	}
	if reason == queues.ReasonMaxDeliveries {
		require.ElementsMatch(s, want, got, "dead messages")
	} else {
		s.expectOrder(want, got)
	}
	s.receiveNone(dead)
}

// expectNoneDead checks that there are no dead messages.
func (s *scene) expectNoneDead(queue queues.IMessageQueue) {
	if s.can(queues.CapabilityDeadLetter) {
		s.receiveNone(s.deadLetters(queue))
	}
}

// awaitDead waits until so many messages are dead.
func (s *scene) awaitDead(queue queues.IMessageQueue, count int) {
	s.glance(s.deadLetters(queue), count)
}

// glance waits for count messages, and puts them back.
func (s *scene) glance(queue queues.IMessageQueue, count int) []*queues.MessageEnvelope {
	held := make([]*queues.MessageEnvelope, count)
	for i := range held {
		held[i] = s.receive(queue)
	}
	s.abandon(queue, held...)
	return held
}

// expectDeadHeader checks a header of the dead messages.
func (s *scene) expectDeadHeader(queue queues.IMessageQueue, header, want string) {
	for _, envelope := range s.glance(s.deadLetters(queue), 1) {
		require.Equal(s, want, envelope.Headers[header], "header %s", header)
	}
}

// abandonAll has workers receive and abandon until there have been so many deliveries. How long the next one takes does
// not matter: with nothing for a while a queue may be empty, or its consumer may still be joining a group.
func (s *scene) abandonAll(queue queues.IMessageQueue, workers, deliveries int) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var working sync.WaitGroup
	var abandoned atomic.Int64
	failures := make(chan error, workers)
	for range workers {
		working.Go(func() {
			failures <- abandonUntil(ctx, queue, s.patience, func() {
				if abandoned.Add(1) == int64(deliveries) {
					cancel()
				}
			})
		})
	}
	working.Wait()
	for range workers {
		require.NoError(s, <-failures)
	}
	require.EqualValues(s, deliveries, abandoned.Load(), "deliveries that were abandoned")
}

// abandonUntil receives and abandons until ctx ends, or nothing comes any more.
func abandonUntil(ctx context.Context, queue queues.IMessageQueue, patience time.Duration, abandoned func()) error {
	for {
		envelope, err := queue.Receive(ctx, "", patience)
		if ctx.Err() != nil && envelope == nil {
			return nil
		}
		if err != nil || envelope == nil {
			return err
		}
		if err := queue.Abandon(context.WithoutCancel(ctx), envelope); err != nil {
			return err
		}
		abandoned()
	}
}
