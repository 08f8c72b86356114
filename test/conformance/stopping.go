package conformance

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// stop is a way to stop a listener.
type stop struct {
	name string
	call func(s *scene, queue queues.IMessageQueue, cancel context.CancelFunc)
	want error // of Listen
}

func stops() []stop {
	return []stop{
		{"EndListen", func(s *scene, queue queues.IMessageQueue, _ context.CancelFunc) { queue.EndListen(s.ctx, "") }, nil},
		{"the end of ctx", func(_ *scene, _ queues.IMessageQueue, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"Close", func(s *scene, queue queues.IMessageQueue, _ context.CancelFunc) { s.closeQueue(queue) }, nil},
	}
}

func stopping() group {
	safe := needs(queues.CapabilityAtLeastOnce)
	return group{name: "stopping", cases: []testCase{
		{name: "Listen returns when it is stopped", play: func(s *scene) {
			each(s, stops(), func(stop stop) {
				queue := s.open()
				ctx, cancel := context.WithCancel(s.ctx)
				receiver := newWorkshop(s)
				ended := s.listen(ctx, queue, receiver)
				s.send(queue, "A")
				receiver.next().end(nil)
				silent(s, ended, "Listen goes on")
				stop.call(s, queue, cancel)
				s.expectEnd(ended, stop)
				cancel()
				require.Equal(s, stop.name != "Close", queue.IsOpen())
			})
		}},
		{name: "Listen returns nil after EndListen though its ctx ends too", needs: safe, play: func(s *scene) {
			queue := s.open()
			ctx, cancel := context.WithCancel(s.ctx)
			receiver := newWorkshop(s)
			ended := s.listen(ctx, queue, receiver)
			s.send(queue, "A")
			work := receiver.next()
			queue.EndListen(s.ctx, "")
			cancel()
			silent(s, ended, "Listen waits for its receiver")
			work.end(nil)
			require.NoError(s, result(s, ended, "Listen returns"))
		}},
		{name: "Listen returns at its ctx's deadline", play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			err := queue.Listen(s.within(s.slack*5), "", newWorkshop(s))
			require.ErrorIs(s, err, context.DeadlineExceeded)
			s.happened(began, s.slack*5, "the deadline")
		}},
		{name: "an EndListen right after BeginListen is not lost", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			for range s.rounds(50) {
				queue.BeginListen(s.ctx, "", receiver)
				queue.EndListen(s.ctx, "")
				s.send(queue, "A")
				s.complete(queue, s.receiveDelivery(queue, "A", 1))
			}
			s.send(queue, "A")
			receiver.none()
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "EndListen without a listener does nothing", play: func(s *scene) {
			queue := s.open()
			queue.EndListen(s.ctx, "")
			queue.EndListen(s.ctx, "")
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next().end(nil)
			queue.EndListen(s.ctx, "")
			queue.EndListen(s.ctx, "")
		}},
		{name: "EndListen ends every listener", play: func(s *scene) {
			queue := s.open(config.Prefetch, 1)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			one := s.listen(s.ctx, queue, receiver)
			two := s.listen(s.ctx, queue, receiver)
			s.send(queue, numbers(6)...)
			for _, work := range receiver.nextJobs(3) { // each of them listens, for none can take more than two
				work.end(nil)
			}
			for _, work := range receiver.nextJobs(3) {
				work.end(nil)
			}
			queue.EndListen(s.ctx, "")
			require.NoError(s, result(s, one, "the first Listen returns"))
			require.NoError(s, result(s, two, "the second Listen returns"))
			s.send(queue, "A")
			receiver.none()
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "listening can begin again", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			for range 3 {
				queue.BeginListen(s.ctx, "", receiver)
				s.send(queue, "A")
				receiver.nextText("A", 1).end(nil)
				queue.EndListen(s.ctx, "")
				s.closeQueue(queue)
				s.openQueue(queue)
			}
		}},
		{name: "EndListen does not wait for receivers", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			ended := s.listen(s.ctx, queue, receiver)
			s.send(queue, "A")
			work := receiver.next()
			s.quick("EndListen", func() { queue.EndListen(s.ctx, "") })
			silent(s, ended, "Listen waits for its receivers")
			work.end(nil)
			require.NoError(s, result(s, ended, "Listen returns"))
		}},
		{name: "a stopped listener takes nothing more", play: func(s *scene) {
			for _, stop := range stops()[:2] {
				queue := s.open()
				ctx, cancel := context.WithCancel(s.ctx)
				receiver := newWorkshop(s)
				ended := s.listen(ctx, queue, receiver)
				s.send(queue, "A")
				work := receiver.next()
				stop.call(s, queue, cancel)
				s.settle()
				s.send(queue, "B")
				s.complete(queue, s.receiveDelivery(queue, "B", 1))
				work.end(nil)
				s.expectEnd(ended, stop)
				receiver.none()
				cancel()
			}
		}},
		{name: "receivers in work may finish", needs: safe, play: func(s *scene) {
			each(s, stops(), func(stop stop) {
				queue := s.openBrief(config.MaxDeliveries, 1)
				ctx, cancel := context.WithCancel(s.ctx)
				receiver := newWorkshop(s)
				ended := s.listen(ctx, queue, receiver)
				s.send(queue, "A")
				work := receiver.next()
				stopped := s.beginStop(stop, queue, cancel)
				s.pause(s.slack * 3)
				require.NoError(s, work.ctx.Err(), "after %s the receiver may finish", stop.name)
				work.end(nil)
				result(s, stopped, "%s returns", stop.name)
				s.expectEnd(ended, stop)
				s.openQueue(queue)
				s.pause(s.lock + 2*s.slack)
				s.receiveNone(queue)
				s.expectNoneDead(queue)
				cancel()
			})
		}},
		{name: "receivers in work may settle and send while the queue closes", needs: safe, play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			closed := make(chan error, 1)
			go func() { closed <- queue.Close(s.ctx, "") }()
			silent(s, closed, "Close waits for its receivers")
			require.NoError(s, work.queue.Send(work.ctx, "", newMessage("B")))
			require.NoError(s, work.queue.Complete(work.ctx, work.envelope))
			work.end(nil)
			require.NoError(s, result(s, closed, "Close returns"))
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "B", 1))
			s.receiveNone(queue)
		}},
		{name: "receivers that outlast the drain time-out are given up", needs: safe, play: func(s *scene) {
			drain := max(500*time.Millisecond, 5*s.slack)
			each(s, stops(), func(stop stop) {
				queue := s.open(config.DrainTimeout, drain, config.MaxDeliveries, 1)
				ctx, cancel := context.WithCancel(s.ctx)
				receiver := newWorkshop(s)
				ended := s.listen(ctx, queue, receiver)
				s.send(queue, "A")
				work := receiver.next()
				began := time.Now()
				stopped := s.beginStop(stop, queue, cancel)
				result(s, work.ctx.Done(), "the ctx of the receiver ends")
				s.happened(began, drain, "the end of the ctx after "+stop.name)
				s.expectEnd(ended, stop)
				result(s, stopped, "%s returns", stop.name)
				s.openQueue(queue)
				s.complete(queue, s.receiveDelivery(queue, "A", 1))
				s.expectNoneDead(queue)
				cancel()
			})
		}},
		{name: "receivers of dead messages may finish", needs: needs(queues.CapabilityDeadLetter), play: func(s *scene) {
			queue := s.open()
			s.bury(queue, "A")
			receiver := newWorkshop(s)
			s.deadLetters(queue).BeginListen(s.ctx, "", receiver)
			work := receiver.next()
			closed := make(chan error, 1)
			go func() { closed <- queue.Close(s.ctx, "") }()
			s.pause(max(2*time.Second, 3*s.slack))
			require.NoError(s, work.ctx.Err(), "the receiver may finish")
			require.NoError(s, queue.Send(work.ctx, "", work.envelope), "it may send its message back")
			work.end(nil)
			require.NoError(s, result(s, closed, "Close returns"))
			s.openQueue(queue)
			s.expectAll(queue, "A")
			s.expectNoneDead(queue)
		}},
		{name: "without a drain time-out receivers are given up at once", needs: safe, play: func(s *scene) {
			queue := s.open(config.DrainTimeout, 0, config.MaxDeliveries, 1)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next()
			s.quick("Close", func() { s.closeQueue(queue) })
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
			s.expectNoneDead(queue)
		}},
		{name: "a receiver that ignores its ctx does not hold up Close", needs: safe, play: func(s *scene) {
			queue := s.open(config.DrainTimeout, 100*time.Millisecond)
			working, release := make(chan struct{}), make(chan struct{})
			s.Cleanup(func() { close(release) })
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
				close(working)
				<-release
				return nil
			}))
			s.send(queue, "A")
			result(s, working, "the receiver is called")
			began := time.Now()
			closed := make(chan error, 1)
			go func() { closed <- queue.Close(s.ctx, "") }()
			require.NoError(s, result(s, closed, "Close returns though a receiver does not"))
			require.Less(s, time.Since(began), 5*time.Second)
		}},
		{name: "what was fetched and not started is given back uncounted", needs: safe, play: func(s *scene) {
			each(s, stops(), func(stop stop) {
				queue := s.open(config.Prefetch, 10, config.MaxDeliveries, 1)
				texts := numbers(8)
				s.send(queue, texts...)
				ctx, cancel := context.WithCancel(s.ctx)
				receiver := newWorkshop(s)
				ended := s.listen(ctx, queue, receiver)
				work := receiver.next()
				s.settle()
				work.end(nil)
				work = receiver.next()
				stopped := s.beginStop(stop, queue, cancel)
				s.pause(s.slack * 2)
				work.end(nil)
				s.expectEnd(ended, stop)
				result(s, stopped, "%s returns", stop.name)
				s.openQueue(queue)
				s.send(queue, "last")
				var left []string
				for range 7 {
					envelope := s.receiveReady(queue)
					require.Equal(s, 1, envelope.DeliveryCount, "after %s", stop.name)
					left = append(left, envelope.GetMessageAsString())
					s.complete(queue, envelope)
				}
				if s.can(queues.CapabilityOrdering) {
					require.Equal(s, append(texts[2:], "last"), left, "after %s", stop.name)
				}
				s.receiveNone(queue)
				s.expectNoneDead(queue)
				cancel()
			})
		}},
		{name: "a stop sends nothing to the dead letters", needs: needs(queues.CapabilityDeadLetter), play: func(s *scene) {
			const rounds, total = 5, 20
			queue := s.open(config.MaxDeliveries, 1, config.ListenConcurrency, 3, config.Prefetch, 4, config.DrainTimeout, 100*time.Millisecond)
			s.send(queue, numbers(total)...)
			for round := range rounds {
				receiver := newWorkshop(s)
				queue.BeginListen(s.ctx, "", receiver)
				receiver.nextJobs(3) // which will not end by themselves
				if round%2 == 0 {
					queue.EndListen(s.ctx, "")
				}
				s.closeQueue(queue)
				s.openQueue(queue)
			}
			s.expectNoneDead(queue)
			require.ElementsMatch(s, numbers(total), s.drain(queue, total))
		}},
		{name: "a message that waits for a retry survives Close", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open(config.RetryDelay, time.Second)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next().end(errReceiver)
			s.pause(2 * s.slack)
			s.closeQueue(queue)
			s.openQueue(queue)
			got := s.receive(queue)
			require.Equal(s, 2, got.DeliveryCount, "it had failed once")
			s.complete(queue, got)
		}},
		{name: "Close does not wait beyond its ctx", needs: safe, play: func(s *scene) {
			queue := s.open(config.DrainTimeout, time.Hour)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			began := time.Now()
			require.NoError(s, queue.Close(s.within(time.Second), ""))
			s.happened(began, time.Second, "Close with a deadline")
			result(s, work.ctx.Done(), "the ctx of the receiver ends")
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "no Close waits beyond its ctx", needs: safe, play: func(s *scene) {
			queue := s.open(config.DrainTimeout, time.Hour)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			patient := make(chan error, 1)
			go func() { patient <- queue.Close(s.ctx, "") }()
			silent(s, patient, "Close waits for its receivers")
			began := time.Now()
			require.NoError(s, queue.Close(s.within(time.Second), ""))
			s.happened(began, time.Second, "another Close with a deadline")
			require.NoError(s, result(s, patient, "the first Close returns"))
			result(s, work.ctx.Done(), "the ctx of the receiver ends")
			s.openQueue(queue)
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "listeners begin and end without losing messages", needs: safe, play: func(s *scene) {
			queue := s.open(config.Prefetch, 3, config.MaxDeliveries, 1)
			const total = 60
			handled := make(chan string, 10*total)
			receiver := queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
				handled <- envelope.GetMessageAsString()
				return nil
			})
			for _, text := range numbers(total) {
				queue.BeginListen(s.ctx, "", receiver)
				s.send(queue, text)
				queue.EndListen(s.ctx, "")
			}
			queue.BeginListen(s.ctx, "", receiver)
			var got []string
			for range total {
				got = append(got, result(s, handled, "message %d is handled", len(got)+1))
			}
			require.ElementsMatch(s, numbers(total), got, "each message once")
			s.expectNoneDead(queue)
		}},
	}}
}

// beginStop begins to stop a listener; what it returns is closed when that is done.
func (s *scene) beginStop(stop stop, queue queues.IMessageQueue, cancel context.CancelFunc) <-chan struct{} {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop.call(s, queue, cancel)
	}()
	return stopped
}

// expectEnd waits for Listen to return as it should after a stop.
func (s *scene) expectEnd(ended <-chan error, stop stop) {
	err := result(s, ended, "Listen returns after %s", stop.name)
	if stop.want == nil {
		require.NoError(s, err, "Listen after %s", stop.name)
	} else {
		require.ErrorIs(s, err, stop.want, "Listen after %s", stop.name)
	}
}
