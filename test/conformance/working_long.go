package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// workingLong is the cases about receivers that work longer than a lock lasts.
func workingLong() []testCase {
	safe := needs(queues.CapabilityAtLeastOnce)
	return []testCase{
		{name: "long work keeps its lock", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.nextText("A", 1)
			s.pause(3*s.lock + s.lock/2)
			require.NoError(s, work.ctx.Err())
			s.receiveNone(queue)
			work.end(nil)
			s.pause(s.lock + 2*s.slack)
			receiver.none()
			s.receiveNone(queue)
		}},
		{name: "messages fetched ahead keep their locks", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief(config.Prefetch, 5)
			s.send(queue, numbers(4)...)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			for range 4 {
				work := receiver.next()
				require.Equal(s, 1, work.envelope.DeliveryCount)
				s.pause(s.lock * 3 / 4)
				work.end(nil)
			}
			s.pause(s.lock + 2*s.slack)
			receiver.none()
		}},
		{name: "without renewal long work loses its lock", needs: safe, play: func(s *scene) {
			queue := s.openBrief(config.AutoRenew, false, config.DrainTimeout, 10*s.lock)
			other := s.second(queue, config.LockTimeout, s.lock)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.nextText("A", 1)
			queue.EndListen(s.ctx, "") // so that the message goes to the other
			began := time.Now()
			again := s.receive(other)
			s.happened(began, s.lock, "the lock runs out")
			require.Equal(s, 2, again.DeliveryCount)
			s.checkLostLock(work)
			s.complete(other, again)
			s.receiveNone(queue)
		}},
		{name: "a lost lock ends the ctx of the receiver", needs: needs(queues.CapabilityClear, queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			require.NoError(s, work.ctx.Err())
			s.clear(queue)
			s.checkLostLock(work)
			s.send(queue, "B")
			work = receiver.nextText("B", 1)
			require.NoError(s, work.ctx.Err(), "the next message has a ctx of its own")
			work.end(nil)
			s.pause(s.lock + 2*s.slack)
			receiver.none()
		}},
		{name: "a receiver may renew the lock itself", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief(config.AutoRenew, false)
			receiver := newWorkshop(s)
			queue.BeginListen(s.ctx, "", receiver)
			s.send(queue, "A")
			work := receiver.next()
			for range 4 {
				s.pause(s.lock / 2)
				require.NoError(s, work.queue.RenewLock(work.ctx, work.envelope, s.lock))
			}
			require.NoError(s, work.ctx.Err())
			work.end(nil)
			s.pause(s.lock + 2*s.slack)
			receiver.none()
			s.receiveNone(queue)
		}},
	}
}

// checkLostLock makes sure that a job has lost its lock and is told so.
func (s *scene) checkLostLock(work *job) {
	result(s, work.ctx.Done(), "the ctx of the receiver ends with its lock")
	cause := context.Cause(work.ctx)
	require.True(s, errors.Is(cause, queues.ErrLockLost), "the cause is ErrLockLost; it is %v", cause)
	require.ErrorIs(s, work.queue.Complete(s.ctx, work.envelope), queues.ErrLockLost)
}
