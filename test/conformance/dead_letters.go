package conformance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func deadLetters() group {
	buries := needs(queues.CapabilityDeadLetter)
	abandons := needs(queues.CapabilityDeadLetter, queues.CapabilityAbandon)
	return group{name: "dead letters", cases: []testCase{
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
		{name: "another queue may take the dead messages", needs: buries, play: func(s *scene) {
			dead, one, two := s.morgue()
			s.bury(one, "A")
			s.bury(two, "B")
			s.bury(one, "C")
			s.expectOrder([]string{"A", "B", "C"}, payloads(s.glance(dead, 3)))
			s.redrive(two, 0, 1)
			s.complete(two, s.receiveText(two, "B"))
			s.redrive(one, 0, 2)
			s.expectAll(one, "A", "C")
			s.receiveNone(dead)
		}},
		{name: "a component with the name of the dead-letter queue is that queue", needs: buries, play: func(s *scene) {
			name := s.freshName()
			dead := s.queueOf(name + ".dead")
			s.openQueue(dead)
			queue := s.queueOf(name, config.DeadLetterQueue, dead.Name())
			s.refer(queue, queueDescriptor(dead), dead)
			s.openQueue(queue)
			s.bury(queue, "A")
			require.Same(s, dead, s.deadLetters(queue))
			s.expectDead(queue, queues.ReasonRequested, "A")
			s.bury(queue, "B")
			s.closeQueue(queue)
			s.complete(dead, s.receiveText(dead, "B"))
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
		{name: "a failing dead-letter queue loses nothing", needs: buries, play: func(s *scene) {
			queue, dead := s.brokenMorgue(config.LockTimeout, s.lock)
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			require.ErrorIs(s, queue.MoveToDeadLetter(s.ctx, held), errMorgue)
			require.NotNil(s, held.GetReference(), "the message is held still")
			s.receiveNone(queue)
			require.ErrorIs(s, queue.MoveToDeadLetter(s.ctx, held), errMorgue)
			s.pause(s.lock + 2*s.slack)
			held = s.receiveDelivery(queue, "A", 2)
			dead.repair()
			require.NoError(s, queue.MoveToDeadLetter(s.ctx, held))
			require.Equal(s, []string{"A"}, dead.taken())
			s.receiveNone(queue)
		}},
		{name: "a failing dead-letter queue loses nothing at the limit", needs: abandons, play: func(s *scene) {
			queue, dead := s.brokenMorgue(config.LockTimeout, s.lock, config.MaxDeliveries, 1)
			s.send(queue, "A")
			require.ErrorIs(s, queue.Abandon(s.ctx, s.receiveText(queue, "A")), errMorgue)
			s.pause(s.lock + 2*s.slack)
			_, err := queue.Receive(s.ctx, "", 0) // who asks finds out
			require.NoError(s, err)
			s.pause(s.lock + 2*s.slack)
			require.Empty(s, dead.taken())
			dead.repair()
			s.awaitMorgue(queue, dead, 1)
			s.pause(2 * s.lock)
			s.receiveNone(queue)
			require.Equal(s, []string{"A"}, dead.taken(), "moved once")
		}},
		{name: "a failing dead-letter queue loses nothing of a listener's", needs: buries, play: func(s *scene) {
			queue, dead := s.brokenMorgue(config.LockTimeout, s.lock)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next().end(queues.NewPermanentError(errReceiver))
			s.pause(s.lock + 2*s.slack)
			require.Empty(s, dead.taken())
			dead.repair()
			s.awaitMorgue(queue, dead, 1)
			s.pause(2 * s.lock)
			s.receiveNone(queue)
			require.Equal(s, []string{"A"}, dead.taken(), "moved once")
		}},
		{name: "a dead-letter queue that is full does not hold up a listener for long", needs: buries, play: func(s *scene) {
			queue, dead := s.brokenMorgue()
			dead.fill()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A", "B", "C")
			for range 2 {
				receiver.next().end(queues.NewPermanentError(errReceiver))
			}
			receiver.next().end(nil)
			dead.repair()
			s.awaitMorgue(queue, dead, 2)
		}},
		{name: "a dead message that cannot be moved survives Close", needs: buries, play: func(s *scene) {
			queue, dead := s.brokenMorgue(config.LockTimeout, s.lock)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next().end(queues.NewPermanentError(errReceiver))
			s.settle()
			s.closeQueue(queue)
			require.Empty(s, dead.taken())
			s.openQueue(queue)
			s.complete(queue, s.receiveText(queue, "A"))
		}},
	}}
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

// redrive sends up to max dead messages back.
func (s *scene) redrive(queue queues.IMessageQueue, max int64, want int) {
	count, err := queues.Redrive(s.ctx, queue, testCorrelation, max)
	require.NoError(s, err, "Redrive")
	require.Equal(s, strconv.Itoa(want), strconv.FormatInt(count, 10), "number of redriven messages")
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
