package conformance

import (
	"context"
	"time"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// insideCall is a call that a receiver makes to the queue it listens to, with its own ctx.
type insideCall struct {
	name  string
	needs []queues.Capability
	call  func(s *scene, ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error
	want  error // what the call returns
	left  int   // messages that are ready afterwards
	dead  int   // messages that are in the dead-letter queue afterwards
	ends  bool  // the listener ends by it
}

// insideCalls lists a call to every method.
func insideCalls() []insideCall {
	type (
		ctxt  = context.Context
		queue = queues.IMessageQueue
		msg   = *queues.MessageEnvelope
	)
	return []insideCall{
		{name: "Name, Capabilities and IsOpen", call: func(_ *scene, _ ctxt, q queue, _ msg) error {
			if q.Name() == "" || q.Capabilities() == nil || !q.IsOpen() {
				return errReceiver
			}
			return nil
		}},
		{name: "Open", call: func(_ *scene, ctx ctxt, q queue, _ msg) error { return q.Open(ctx, "") }},
		{name: "ReadMessageCount", needs: needs(queues.CapabilityMessageCount), call: func(_ *scene, _ ctxt, q queue, _ msg) error {
			_, err := q.ReadMessageCount()
			return err
		}},
		{name: "Send", left: 1, ends: true, call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.EndListen(ctx, "") // so that the message stays
			return q.Send(ctx, "", newMessage("B"))
		}},
		{name: "Send of the message in work", left: 1, ends: true, call: func(_ *scene, ctx ctxt, q queue, e msg) error {
			q.EndListen(ctx, "")
			return q.Send(ctx, "", e)
		}},
		{name: "SendAsObject", left: 1, ends: true, call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.EndListen(ctx, "")
			return q.SendAsObject(ctx, "", testType, "B")
		}},
		{name: "SendBatch", left: 2, ends: true, call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.EndListen(ctx, "")
			return queues.SendBatch(ctx, q, "", newMessages("B", "C"))
		}},
		{name: "SendDelayed", left: 1, ends: true, needs: needs(queues.CapabilityDelay), call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.EndListen(ctx, "")
			return queues.SendDelayed(ctx, q, "", newMessage("B"), time.Millisecond)
		}},
		{name: "Peek", needs: needs(queues.CapabilityPeek), call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			_, err := q.Peek(ctx, "")
			return err
		}},
		{name: "PeekBatch", needs: needs(queues.CapabilityPeekBatch), call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			_, err := q.PeekBatch(ctx, "", 10)
			return err
		}},
		{name: "Receive", call: func(s *scene, ctx ctxt, q queue, _ msg) error {
			_, err := q.Receive(ctx, "", s.slack)
			return err
		}},
		{name: "ReceiveBatch", call: func(s *scene, ctx ctxt, q queue, _ msg) error {
			_, err := queues.ReceiveBatch(ctx, q, "", 10, s.slack)
			return err
		}},
		{name: "RenewLock", needs: needs(queues.CapabilityRenewLock), call: func(s *scene, ctx ctxt, q queue, e msg) error {
			return q.RenewLock(ctx, e, s.lock)
		}},
		{name: "Complete", call: func(_ *scene, ctx ctxt, q queue, e msg) error { return q.Complete(ctx, e) }},
		{name: "Abandon", left: 1, ends: true, needs: needs(queues.CapabilityAbandon), call: func(_ *scene, ctx ctxt, q queue, e msg) error {
			q.EndListen(ctx, "")
			return q.Abandon(ctx, e)
		}},
		{name: "AbandonDelayed", left: 1, ends: true, needs: needs(queues.CapabilityDelay, queues.CapabilityAbandon), call: func(_ *scene, ctx ctxt, q queue, e msg) error {
			q.EndListen(ctx, "")
			return queues.AbandonDelayed(ctx, q, e, time.Millisecond)
		}},
		{name: "MoveToDeadLetter", dead: 1, needs: needs(queues.CapabilityDeadLetter), call: func(_ *scene, ctx ctxt, q queue, e msg) error {
			return q.MoveToDeadLetter(ctx, e)
		}},
		{name: "DeadLetters", needs: needs(queues.CapabilityDeadLetter), call: func(_ *scene, _ ctxt, q queue, _ msg) error {
			_, err := queues.DeadLetters(q)
			return err
		}},
		{name: "Redrive", needs: needs(queues.CapabilityDeadLetter), call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			_, err := queues.Redrive(ctx, q, "", 0)
			return err
		}},
		{name: "Clear", needs: needs(queues.CapabilityClear), call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			return q.(crun.ICleanable).Clear(ctx, "")
		}},
		{name: "Listen", want: context.DeadlineExceeded, call: func(s *scene, ctx ctxt, q queue, _ msg) error {
			within, cancel := context.WithTimeout(ctx, s.slack)
			defer cancel()
			return q.Listen(within, "", test.NewTestMessageReceiver())
		}},
		{name: "BeginListen", ends: true, call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.BeginListen(ctx, "", test.NewTestMessageReceiver())
			q.EndListen(ctx, "")
			return nil
		}},
		{name: "EndListen", ends: true, call: func(_ *scene, ctx ctxt, q queue, _ msg) error {
			q.EndListen(ctx, "")
			return nil
		}},
	}
}

func insideReceiver() group {
	safe := needs(queues.CapabilityAtLeastOnce)
	return group{name: "inside the receiver", cases: []testCase{
		{name: "every method of the queue can be called", play: func(s *scene) {
			each(s, insideCalls(), func(inside insideCall) {
				if len(s.capabilities.Missing(inside.needs...)) == 0 {
					s.checkInside(inside)
				}
			})
		}},
		{name: "Close returns at once and the message is completed", needs: safe, play: func(s *scene) {
			queue := s.openBrief(config.MaxDeliveries, 1)
			returned := make(chan error, 1)
			took := make(chan time.Duration, 1)
			sent := make(chan struct{})
			ended := s.listen(s.ctx, queue, queues.NewCallbackMessageReceiver(func(ctx context.Context, _ *queues.MessageEnvelope, q queues.IMessageQueue) error {
				<-sent // what is sent to a queue that closes fails
				began := time.Now()
				returned <- q.Close(ctx, "")
				took <- time.Since(began)
				return nil
			}))
			s.send(queue, "A", "B")
			close(sent)
			require.NoError(s, result(s, returned, "Close returns"))
			require.LessOrEqual(s, result(s, took, "Close returns"), s.slack, "Close inside a receiver returns at once")
			require.NoError(s, result(s, ended, "Listen returns"))
			s.eventually(func() bool { return !queue.IsOpen() }, "the queue is closed")
			_, err := queue.Receive(s.ctx, "", 0)
			require.ErrorIs(s, err, queues.ErrNotOpened)
			s.closeQueue(queue) // waits until it is closed through
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "B", 1))
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
			s.expectNoneDead(queue)
		}},
		{name: "Close leaves other receivers their drain time-out", needs: safe, play: func(s *scene) {
			queue := s.open(config.ListenConcurrency, 2, config.Prefetch, 0, config.MaxDeliveries, 1)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A", "B")
			jobs := receiver.nextJobs(2)
			require.NoError(s, queue.Close(jobs[0].ctx, ""))
			jobs[0].end(nil)
			s.pause(3 * s.slack)
			require.NoError(s, jobs[1].ctx.Err(), "the other receiver may finish")
			jobs[1].end(nil)
			s.eventuallyClosed(queue)
			s.openQueue(queue)
			s.receiveNone(queue)
			s.expectNoneDead(queue)
		}},
		{name: "Close and an error give the message back", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open(config.RetryDelay, 10*time.Millisecond)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(ctx context.Context, _ *queues.MessageEnvelope, q queues.IMessageQueue) error {
				_ = q.Close(ctx, "")
				return errReceiver
			}))
			s.send(queue, "A")
			s.eventuallyClosed(queue)
			s.openQueue(queue)
			got := s.receive(queue)
			require.Equal(s, 2, got.DeliveryCount, "the delivery failed, and counts")
			s.complete(queue, got)
		}},
		{name: "the message can be settled after Close", needs: safe, play: func(s *scene) {
			queue := s.openBrief()
			settled := make(chan error, 1)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(ctx context.Context, envelope *queues.MessageEnvelope, q queues.IMessageQueue) error {
				if err := q.Close(ctx, ""); err != nil {
					return err
				}
				settled <- q.Complete(ctx, envelope)
				return errReceiver
			}))
			s.send(queue, "A")
			require.NoError(s, result(s, settled, "Complete returns"))
			s.eventuallyClosed(queue)
			s.openQueue(queue)
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
		}},
		{name: "Open after Close does not hang", play: func(s *scene) {
			queue := s.open()
			opened := make(chan error, 1)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(ctx context.Context, _ *queues.MessageEnvelope, q queues.IMessageQueue) error {
				if err := q.Close(ctx, ""); err != nil {
					return err
				}
				opened <- q.Open(ctx, "")
				return nil
			}))
			s.send(queue, "A")
			require.ErrorIs(s, result(s, opened, "Open returns"), queues.ErrNotOpened, "the queue closes when the receiver has returned")
			s.eventuallyClosed(queue)
			s.openQueue(queue)
			s.receiveNone(queue)
		}},
		{name: "Close without the receiver's ctx ends after the drain time-out", needs: safe, play: func(s *scene) {
			queue := s.open(config.DrainTimeout, 200*time.Millisecond)
			returned := make(chan error, 1)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(_ context.Context, _ *queues.MessageEnvelope, q queues.IMessageQueue) error {
				returned <- q.Close(context.Background(), "")
				return nil
			}))
			s.send(queue, "A")
			require.NoError(s, result(s, returned, "Close returns"))
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
			s.receiveNone(queue)
		}},
		{name: "a listener that it begins goes on", play: func(s *scene) {
			queue := s.open(config.Prefetch, 0)
			receiver := newWorkshop(s)
			ended := s.listen(s.ctx, queue, queues.NewCallbackMessageReceiver(func(ctx context.Context, _ *queues.MessageEnvelope, q queues.IMessageQueue) error {
				q.EndListen(ctx, "")
				q.BeginListen(ctx, "", receiver)
				return nil
			}))
			s.send(queue, "A")
			require.NoError(s, result(s, ended, "Listen returns"))
			s.send(queue, "B")
			receiver.nextText("B", 1).end(nil)
		}},
		{name: "a receiver may receive and settle other messages", play: func(s *scene) {
			queue := s.open(config.Prefetch, 0)
			other := s.open()
			s.send(other, "B")
			done := make(chan error, 1)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(ctx context.Context, _ *queues.MessageEnvelope, _ queues.IMessageQueue) error {
				envelope, err := other.Receive(ctx, "", s.patience)
				if err == nil && envelope != nil {
					err = other.Complete(ctx, envelope)
				}
				done <- err
				return err
			}))
			s.send(queue, "A")
			require.NoError(s, result(s, done, "the receiver is done"))
			s.receiveNone(other)
		}},
		{name: "another queue can be closed", play: func(s *scene) {
			queue, other := s.open(), s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			require.NoError(s, other.Close(work.ctx, ""))
			require.False(s, other.IsOpen(), "Close of another queue waits until it is closed")
			require.True(s, queue.IsOpen())
			work.end(nil)
		}},
	}}
}

// checkInside makes a call inside a receiver and looks at what it did.
func (s *scene) checkInside(inside insideCall) {
	queue := s.openBrief()
	returned := make(chan error, 1)
	ended := s.listen(s.ctx, queue, queues.NewCallbackMessageReceiver(func(ctx context.Context, envelope *queues.MessageEnvelope, q queues.IMessageQueue) error {
		returned <- inside.call(s, ctx, q, envelope)
		return nil
	}))
	s.send(queue, "A")
	err := result(s, returned, "%s inside a receiver returns", inside.name)
	if inside.want == nil {
		require.NoError(s, err, "%s inside a receiver", inside.name)
	} else {
		require.ErrorIs(s, err, inside.want, "%s inside a receiver", inside.name)
	}
	if !inside.ends {
		silent(s, ended, inside.name+" does not end the listener")
		queue.EndListen(s.ctx, "")
	}
	require.NoError(s, result(s, ended, "Listen returns after %s", inside.name))
	s.pause(s.lock + 2*s.slack)
	for range inside.left {
		s.complete(queue, s.receiveReady(queue))
	}
	s.receiveNone(queue)
	if inside.dead > 0 {
		s.expectDead(queue, queues.ReasonRequested, "A")
	}
}

// eventuallyClosed waits until a queue is closed that closes by itself.
func (s *scene) eventuallyClosed(queue queues.IMessageQueue) {
	s.eventually(func() bool { return !queue.IsOpen() }, "the queue is closed")
	s.closeQueue(queue)
}
