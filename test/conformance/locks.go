package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func locks() group {
	return group{name: "locks", cases: []testCase{
		{name: "a received message is with nobody else", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.open()
			other := s.second(queue)
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			s.receiveNone(queue)
			s.receiveNone(other)
			s.complete(queue, held)
			s.receiveNone(queue)
		}},
		{name: "a lock that runs out makes the message ready again", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			s.receiveDelivery(queue, "A", 1)
			s.pause(s.lock - 3*s.slack)
			s.receiveNone(queue)
			s.pause(4 * s.slack)
			s.complete(queue, s.receiveDelivery(queue, "A", 2))
			s.pause(s.lock + s.slack)
			s.receiveNone(queue)
		}},
		{name: "locks run out one by one", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			began := map[string]time.Time{}
			texts := numbers(5)
			s.send(queue, texts...)
			for range texts {
				envelope := s.receiveReady(queue)
				began[envelope.GetMessageAsString()] = time.Now()
				s.pause(s.lock / 10)
			}
			for range texts {
				envelope := s.receive(queue)
				s.happened(began[envelope.GetMessageAsString()], s.lock, "message "+envelope.GetMessageAsString()+" comes back")
				s.complete(queue, envelope)
			}
		}},
		{name: "a stale lock settles nothing", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			each(s, s.settlings(true), func(settling settling) {
				queue := s.openBrief()
				s.send(queue, "A")
				stale := s.receiveText(queue, "A")
				s.pause(s.lock + 2*s.slack)
				err := settling.call(s.ctx, queue, stale)
				require.ErrorIs(s, err, queues.ErrLockLost, "%s after the lock ran out", settling.name)
				s.complete(queue, s.receiveDelivery(queue, "A", 2))
				s.receiveNone(queue)
			})
		}},
		{name: "a stale lock does not disturb the present holder", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			each(s, s.settlings(true), func(settling settling) {
				queue := s.openBrief()
				other := s.second(queue, config.LockTimeout, s.lock)
				s.send(queue, "A")
				stale := s.receiveText(queue, "A")
				s.pause(s.lock + 2*s.slack)
				present := s.receiveDelivery(other, "A", 2)
				for range 2 {
					err := settling.call(s.ctx, queue, stale)
					require.ErrorIs(s, err, queues.ErrLockLost, "%s with the lock of an earlier delivery", settling.name)
				}
				s.receiveNone(queue)
				require.NotNil(s, present.GetReference(), "the present holder's reference after %s by a former one", settling.name)
				if s.can(queues.CapabilityAbandon) {
					s.abandon(other, present)
					present = s.receiveDelivery(other, "A", 3)
				}
				s.complete(other, present)
				s.pause(s.lock + 2*s.slack)
				s.receiveNone(queue)
			})
		}},
		{name: "renewing extends the lock from now", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			s.pause(s.lock / 2)
			began := time.Now()
			require.NoError(s, queue.RenewLock(s.ctx, held, s.lock))
			s.pause(s.lock * 3 / 4)
			s.receiveNone(queue)
			got := s.receive(queue)
			s.happened(began, s.lock, "the renewed lock runs out")
			require.Equal(s, 2, got.DeliveryCount, "renewing does not count")
			require.ErrorIs(s, queue.Complete(s.ctx, held), queues.ErrLockLost)
			s.complete(queue, got)
		}},
		{name: "renewing for no time renews for the lock time-out", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			for _, timeout := range []time.Duration{0, -time.Second} {
				queue := s.openBrief()
				s.send(queue, "A")
				held := s.receiveText(queue, "A")
				s.pause(s.lock / 2)
				began := time.Now()
				require.NoError(s, queue.RenewLock(s.ctx, held, timeout))
				s.receive(queue)
				s.happened(began, s.lock, fmt.Sprintf("the lock renewed for %s runs out", timeout))
			}
		}},
		{name: "renewing beside settling is no error", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.open()
			for _, payload := range numbers(s.subject.either1(50, 10)) {
				s.send(queue, payload)
				held := s.receiveText(queue, payload)
				renewed := make(chan error, 1)
				go func() { renewed <- queue.RenewLock(s.ctx, held, s.lock) }() // as one does who keeps a lock up while others work
				s.complete(queue, held)
				require.NoError(s, result(s, renewed, "RenewLock"), "RenewLock while Complete is under way, or right after")
			}
			s.receiveNone(queue)
		}},
		{name: "renewing may lengthen a lock", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			began := time.Now()
			require.NoError(s, queue.RenewLock(s.ctx, held, 2*s.lock))
			s.pause(s.lock * 3 / 2)
			s.receiveNone(queue)
			s.receive(queue)
			s.happened(began, 2*s.lock, "the lengthened lock runs out")
		}},
		{name: "renewing may shorten a lock", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.open(config.LockTimeout, 10*s.lock)
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			began := time.Now()
			require.NoError(s, queue.RenewLock(s.ctx, held, s.lock))
			s.receive(queue)
			s.happened(began, s.lock, "the shortened lock runs out")
			require.ErrorIs(s, queue.Complete(s.ctx, held), queues.ErrLockLost)
		}},
		{name: "renewing again and again keeps the lock", needs: needs(queues.CapabilityRenewLock), play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			for range 6 {
				s.pause(s.lock / 2)
				require.NoError(s, queue.RenewLock(s.ctx, held, s.lock))
			}
			s.receiveNone(queue)
			s.complete(queue, held)
			s.pause(s.lock + 2*s.slack)
			s.receiveNone(queue)
		}},
		{name: "settling twice is a no-op", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			each(s, s.settlings(false), func(first settling) {
				for _, then := range s.settlings(true) {
					s.checkSettlingTwice(first, then)
				}
			})
		}},
		{name: "settling clears the reference", play: func(s *scene) {
			for _, settling := range s.settlings(false) {
				queue := s.open()
				s.send(queue, "A")
				held := s.receiveText(queue, "A")
				require.NotNil(s, held.GetReference(), "the reference before %s", settling.name)
				require.NoError(s, settling.call(s.ctx, queue, held))
				require.Nil(s, held.GetReference(), "the reference after %s", settling.name)
			}
		}},
		{name: "a failed settling keeps the reference", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.open()
			for _, settling := range s.settlings(true) {
				s.send(queue, "A")
				held := s.receiveText(queue, "A")
				require.ErrorIs(s, settling.call(s.ended(), queue, held), context.Canceled, "%s with a ctx that has ended", settling.name)
				require.NotNil(s, held.GetReference(), "the reference after %s failed", settling.name)
				s.receiveNone(queue)
				s.complete(queue, held)
				s.receiveNone(queue)
			}
		}},
		{name: "a copy of the envelope shares its lock", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			byValue := *held
			require.NoError(s, queue.Complete(s.ctx, &byValue))
			require.NoError(s, queue.Complete(s.ctx, held))
			require.Nil(s, held.GetReference())
			s.receiveNone(queue)
		}},
		{name: "settling what was never received is a no-op", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			for _, settling := range s.settlings(true) {
				require.NoError(s, settling.call(s.ctx, queue, newMessage("A")), "%s of a new envelope", settling.name)
				require.NoError(s, settling.call(s.ctx, queue, held.Clone()), "%s of a clone", settling.name)
				require.NoError(s, settling.call(s.ctx, queue, &queues.MessageEnvelope{MessageId: held.MessageId}), "%s of an envelope with a known id", settling.name)
			}
			s.receiveNone(queue)
			s.complete(queue, held)
			s.expectCount(queue, 0)
		}},
		{name: "another queue's message is refused", play: func(s *scene) {
			one, two := s.open(), s.open()
			s.send(one, "A")
			held := s.receiveText(one, "A")
			for _, settling := range s.settlings(true) {
				require.ErrorIs(s, settling.call(s.ctx, two, held), queues.ErrBadMessage, "%s of another queue's message", settling.name)
			}
			require.NotNil(s, held.GetReference())
			s.receiveNone(two)
			s.complete(one, held)
			s.receiveNone(one)
		}},
		{name: "settling after Close says so and loses nothing", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			each(s, s.settlings(true), func(settling settling) {
				queue := s.open()
				s.send(queue, "A")
				held := s.receiveText(queue, "A")
				s.closeQueue(queue)
				s.quick(settling.name+" after Close", func() {
					require.ErrorIs(s, settling.call(s.ctx, queue, held), queues.ErrNotOpened, "%s after Close", settling.name)
				})
				s.openQueue(queue)
				require.ErrorIs(s, settling.call(s.ctx, queue, held), queues.ErrLockLost, "%s after Close and Open", settling.name)
				s.complete(queue, s.receiveDelivery(queue, "A", 1))
				s.receiveNone(queue)
			})
		}},
		{name: "of many who settle a message one succeeds", needs: needs(queues.CapabilityAbandon), play: func(s *scene) {
			queue := s.open()
			for range s.rounds(50) {
				s.raceSettlers(queue)
			}
		}},
		{name: "settling as the lock runs out does one or the other", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			for range s.subject.either1(20, 3) {
				s.send(queue, "A")
				held := s.receiveReady(queue)
				s.pause(s.lock)
				err := queue.Complete(s.ctx, held)
				s.pause(2 * s.slack)
				if err == nil {
					s.receiveNone(queue)
					continue
				}
				require.ErrorIs(s, err, queues.ErrLockLost)
				s.complete(queue, s.receiveDelivery(queue, "A", 2))
				s.receiveNone(queue)
			}
		}},
		{name: "many locks run out together", needs: needs(queues.CapabilityAtLeastOnce), play: func(s *scene) {
			queue := s.openBrief()
			texts := numbers(s.subject.either1(1000, 100))
			s.send(queue, texts...)
			s.receiveAll(queue, len(texts))
			s.pause(s.lock + s.subject.either(s.slack, time.Second))
			got := make([]string, len(texts))
			for i := range got {
				envelope := s.receiveReady(queue)
				require.Equal(s, 2, envelope.DeliveryCount)
				got[i] = envelope.GetMessageAsString()
				s.complete(queue, envelope)
			}
			s.expectOrder(texts, got)
			s.receiveNone(queue)
		}},
	}}
}

// either1 returns a number that depends on whether time is virtual.
func (s *Subject) either1(inBubble, inRealTime int) int {
	if s.Bubble {
		return inBubble
	}
	return inRealTime
}

// checkSettlingTwice settles a message in one way, then in another: the second does nothing.
func (s *scene) checkSettlingTwice(first, then settling) {
	queue := s.open()
	s.send(queue, "A")
	held := s.receiveText(queue, "A")
	what := fmt.Sprintf("%s after %s", then.name, first.name)
	require.NoError(s, first.call(s.ctx, queue, held), first.name)
	for range 2 {
		require.NoError(s, then.call(s.ctx, queue, held), what)
	}
	switch first.name {
	case "Abandon":
		s.complete(queue, s.receiveDelivery(queue, "A", 2))
	case "AbandonDelayed":
		s.pause(time.Second + s.slack)
		s.complete(queue, s.receiveDelivery(queue, "A", 2))
	case "MoveToDeadLetter":
		s.expectAll(s.deadLetters(queue), "A")
	}
	s.receiveNone(queue)
	s.expectNoneDead(queue)
}

// raceSettlers lets several goroutines complete and abandon one message, each with a copy of the envelope.
func (s *scene) raceSettlers(queue queues.IMessageQueue) {
	s.send(queue, "A")
	held := s.receiveText(queue, "A")
	var settlers sync.WaitGroup
	failures := make([]error, 8)
	for i := range failures {
		envelope := *held
		settlers.Go(func() {
			if i%2 == 0 {
				failures[i] = queue.Complete(s.ctx, &envelope)
			} else {
				failures[i] = queue.Abandon(s.ctx, &envelope)
			}
		})
	}
	settlers.Wait()
	require.NoError(s, errors.Join(failures...), "settling what another one settles is a no-op")
	require.Nil(s, held.GetReference())
	again, err := queue.Receive(s.ctx, "", s.subject.either(0, s.slack))
	require.NoError(s, err)
	if again != nil { // it was abandoned, and once
		require.Equal(s, 2, again.DeliveryCount)
		s.complete(queue, again)
	}
	s.receiveNone(queue)
}
