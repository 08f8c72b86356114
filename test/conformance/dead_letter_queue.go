package conformance

import (
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// deadLetterQueue is the cases about which queue takes the dead messages, and about one that fails.
func deadLetterQueue() []testCase {
	buries := needs(queues.CapabilityDeadLetter)
	abandons := needs(queues.CapabilityDeadLetter, queues.CapabilityAbandon)
	return []testCase{
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
	}
}
