package conformance

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func listening() group {
	abandons := needs(queues.CapabilityAbandon)
	safe := needs(queues.CapabilityAtLeastOnce)
	return group{name: "listening", cases: slices.Concat([]testCase{
		{name: "a listener gets what is there and what comes", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			receiver := test.NewTestMessageReceiver()
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "B", "C")
			got, err := receiver.WaitForMessages(s.within(s.patience), 3)
			require.NoError(s, err)
			s.expectOrder([]string{"A", "B", "C"}, payloads(got))
			for _, envelope := range got {
				require.Equal(s, 1, envelope.DeliveryCount)
			}
		}},
		{name: "a listener is woken at once", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			for range 5 {
				s.pause(s.slack*3/2 + s.slack/7)
				began := time.Now()
				s.send(queue, "A")
				receiver.next().end(nil)
				require.LessOrEqual(s, time.Since(began), s.subject.WakeUp+s.slack, "time from Send until the receiver is called")
			}
		}},
		{name: "success completes the message", needs: safe, play: func(s *scene) {
			queue := s.openBrief()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.next().end(nil)
			s.pause(s.lock + 2*s.slack)
			receiver.none()
			queue.EndListen(s.ctx, "")
			s.receiveNone(queue)
		}},
		{name: "a receiver may settle the message itself", needs: abandons, play: func(s *scene) {
			queue := s.openBrief()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")

			work := receiver.nextText("A", 1)
			require.NoError(s, work.queue.Abandon(work.ctx, work.envelope))
			work.end(errReceiver) // settled already: what it returns settles nothing
			work = receiver.nextText("A", 2)
			require.NoError(s, work.queue.Complete(work.ctx, work.envelope))
			work.end(errReceiver)
			s.pause(s.lock + 2*s.slack)
			receiver.none()
			s.receiveNone(queue)
			s.expectNoneDead(queue)
		}},
		{name: "a receiver may move the message to the dead letters itself", needs: needs(queues.CapabilityDeadLetter), play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			require.NoError(s, work.queue.MoveToDeadLetter(work.ctx, work.envelope))
			work.end(errReceiver)
			s.expectDead(queue, queues.ReasonRequested, "A")
			receiver.none()
		}},
		{name: "an error is retried with a back-off that doubles", needs: abandons, play: func(s *scene) {
			delay := max(200*time.Millisecond, 2*s.slack)
			queue := s.open(config.RetryDelay, delay, config.RetryMaxDelay, 3*delay, config.LockTimeout, time.Hour)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			receiver.nextText("A", 1).end(errReceiver)
			for i, pause := range []time.Duration{delay, 2 * delay, 3 * delay, 3 * delay} {
				began := time.Now()
				work := receiver.nextText("A", i+2)
				s.happened(began, pause, fmt.Sprintf("delivery %d", i+2))
				if i < 3 {
					work.end(errReceiver)
				} else {
					work.end(nil)
				}
			}
			s.pause(4 * delay)
			receiver.none()
		}},
		{name: "a message that is to be retried holds up nobody", needs: abandons, play: func(s *scene) {
			queue := s.open(config.RetryDelay, time.Minute)
			receiver := test.NewTestMessageReceiver()
			receiver.FailNext(1, errReceiver)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, numbers(10)...)
			_, err := receiver.WaitForMessages(s.within(s.patience), 10)
			require.NoError(s, err)
		}},
		{name: "a panic is an error", needs: abandons, play: func(s *scene) {
			queue := s.open(config.RetryDelay, 10*time.Millisecond)
			var calls atomic.Int32
			received := make(chan int, 10)
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
				switch calls.Add(1) {
				case 1:
					panic("a text")
				case 2:
					panic(errReceiver)
				case 3:
					var none *queues.MessageEnvelope
					_ = none.MessageId // a run-time error
				}
				received <- envelope.DeliveryCount
				return nil
			}))
			s.send(queue, "A")
			require.Equal(s, 4, result(s, received, "the message comes after three panics"))
			s.send(queue, "B")
			require.Equal(s, 1, result(s, received, "the listener goes on"))
		}},
		{name: "as many messages as allowed are in work", play: func(s *scene) {
			queue := s.open(config.ListenConcurrency, 4)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, numbers(20)...)
			jobs := receiver.nextJobs(4)
			receiver.none()
			for i := range 16 {
				jobs[i%4].end(nil)
				jobs[i%4] = receiver.next()
				receiver.none()
			}
			for _, work := range jobs {
				work.end(nil)
			}
		}},
		{name: "by default one message is in work", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A", "B", "C")
			for range 3 {
				work := receiver.next()
				receiver.none()
				work.end(nil)
			}
		}},
		{name: "receivers that stall hold the queue back", needs: safe, play: func(s *scene) {
			const total, inWork, ahead = 60, 3, 5
			queue := s.open(config.ListenConcurrency, inWork, config.Prefetch, ahead)
			receiver := newWorkshop(s)
			s.send(queue, numbers(total)...)
			queue.BeginListen(s.ctx, "", receiver)
			jobs := receiver.nextJobs(inWork)
			receiver.none()
			s.expectAtLeast(queue, total-inWork-ahead)
			handled := map[string]bool{}
			for len(handled) < total {
				work := jobs[0]
				jobs = jobs[1:]
				require.Equal(s, 1, work.envelope.DeliveryCount)
				handled[work.envelope.GetMessageAsString()] = true
				work.end(nil)
				if len(handled)+len(jobs) < total {
					jobs = append(jobs, receiver.next())
				}
			}
			receiver.none()
		}},
		{name: "listening twice shares the messages", play: func(s *scene) {
			queue := s.open(config.Prefetch, 1)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, numbers(10)...)
			jobs := receiver.nextJobs(2) // both listeners have one
			receiver.none()
			handled := map[string]bool{}
			for i := range 10 {
				work := jobs[0]
				jobs = jobs[1:]
				require.False(s, handled[work.envelope.GetMessageAsString()], "each message once")
				handled[work.envelope.GetMessageAsString()] = true
				work.end(nil)
				if len(jobs) == 0 && i < 9 {
					jobs = append(jobs, receiver.next())
				}
			}
			receiver.none()
		}},
		{name: "without auto_complete success settles nothing", needs: abandons, play: func(s *scene) {
			queue := s.openBrief(config.AutoComplete, false, config.RetryDelay, 10*time.Millisecond)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			first := receiver.nextText("A", 1)
			s.pause(s.lock / 2)
			began := time.Now()
			first.end(nil)
			work := receiver.nextText("A", 2)
			elapsed := time.Since(began)
			require.GreaterOrEqual(s, elapsed, s.lock/2-s.slack, "the lock lasts as long as ever")
			require.LessOrEqual(s, elapsed, s.lock+s.slack, "the lock of a message that nobody settles runs out")
			require.ErrorIs(s, queue.Complete(s.ctx, first.envelope), queues.ErrLockLost)
			began = time.Now()
			work.end(errReceiver)
			work = receiver.nextText("A", 3)
			require.Less(s, time.Since(began), s.lock/2, "an error is settled as ever")
			work.end(nil)
			require.NoError(s, queue.Complete(s.ctx, work.envelope), "it may be settled after its receiver has returned")
			s.pause(s.lock + 2*s.slack)
			receiver.none()
		}},
		{name: "a listener with a receiver that fails goes on", needs: abandons, play: func(s *scene) {
			queue := s.open(config.RetryDelay, 10*time.Millisecond, config.RetryMaxDelay, 10*time.Millisecond, config.MaxDeliveries, 0)
			receiver := test.NewTestMessageReceiver()
			receiver.FailNext(20, errReceiver)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, numbers(5)...)
			_, err := receiver.WaitForMessages(s.within(s.patience), 25)
			require.NoError(s, err)
			s.expectNoneDead(queue)
		}},
		{name: "the receiver is told its queue", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			require.NotNil(s, work.queue)
			require.Equal(s, queue.Name(), work.queue.Name())
			require.True(s, work.queue.IsOpen())
			work.end(nil)
		}},
		{name: "the envelope is the receiver's own", needs: abandons, play: func(s *scene) {
			queue := s.open(config.RetryDelay, 10*time.Millisecond)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			work := receiver.next()
			work.envelope.Message[0], work.envelope.Headers["a"] = 'X', "2"
			work.envelope.MessageId = "x"
			work.end(errReceiver)
			work = receiver.nextText("A", 2)
			require.Equal(s, sent.Headers, work.envelope.Headers)
			require.Equal(s, sent.MessageId, work.envelope.MessageId)
			work.end(nil)
		}},
		{name: "Receive works beside a listener", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			s.send(queue, "B")
			// Either may get it: a listener may fetch ahead.
			got, err := queue.Receive(s.ctx, "", s.slack)
			require.NoError(s, err)
			work.end(nil)
			if got == nil {
				receiver.nextText("B", 1).end(nil)
			} else {
				s.complete(queue, got)
				receiver.none()
			}
		}},
		{name: "nobody can listen to a closed queue", play: func(s *scene) {
			queue := s.closed()
			receiver := newWorkshop(s)
			require.ErrorIs(s, queue.Listen(s.ctx, "", receiver), queues.ErrNotOpened)
			queue.BeginListen(s.ctx, "", receiver)
			queue.EndListen(s.ctx, "")
			s.openQueue(queue)
			s.send(queue, "A")
			receiver.none()
			s.complete(queue, s.receiveText(queue, "A"))
		}},
		{name: "a ctx that has ended does not listen", play: func(s *scene) {
			queue := s.open()
			receiver := newWorkshop(s)
			require.ErrorIs(s, queue.Listen(s.ended(), "", receiver), context.Canceled)
			queue.BeginListen(s.ended(), "", receiver)
			s.send(queue, "A")
			receiver.none()
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
		}},
		{name: "many receivers settle at once", needs: abandons, play: func(s *scene) {
			queue := s.open(config.ListenConcurrency, 16, config.RetryDelay, 10*time.Millisecond, config.MaxDeliveries, 0)
			var mu sync.Mutex
			failed, handled := map[string]bool{}, map[string]int{}
			const total = 200
			done := make(chan struct{})
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
				mu.Lock()
				defer mu.Unlock()
				text := envelope.GetMessageAsString()
				if !failed[text] {
					failed[text] = true
					return errReceiver
				}
				handled[text]++
				if len(handled) == total {
					close(done)
				}
				return nil
			}))
			s.send(queue, numbers(total)...)
			result(s, done, "every message is handled at the second try")
			mu.Lock()
			defer mu.Unlock()
			for text, times := range handled {
				require.Equal(s, 1, times, "message %s", text)
			}
		}},
	}, workingLong())}
}

// expectAtLeast checks that so many messages at least are ready, if the queue can count.
func (s *scene) expectAtLeast(queue queues.IMessageQueue, want int) {
	if queue.Capabilities().CanMessageCount() {
		count, err := queue.ReadMessageCount()
		require.NoError(s, err)
		require.GreaterOrEqual(s, count, int64(want), "ready messages while receivers stall")
	}
}
