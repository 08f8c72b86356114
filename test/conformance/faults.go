package conformance

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func noRestart(subject *Subject) string {
	if subject.Restart == nil {
		return "Subject.Restart is not set: there is no server to restart"
	}
	return ""
}

func noKill(subject *Subject) string {
	if subject.Kill == nil || !subject.SharedByName {
		return "Subject.Kill is not set: there is no consumer to kill, or nobody to take over"
	}
	return ""
}

func faults() group {
	durable := needs(queues.CapabilityDurable, queues.CapabilityAtLeastOnce)
	safe := needs(queues.CapabilityAtLeastOnce)
	return group{name: "faults", alone: true, cases: []testCase{
		{name: "messages survive a restart of the server", needs: durable, absent: noRestart, play: func(s *scene) {
			queue := s.open()
			s.send(queue, numbers(20)...)
			s.subject.Restart(s)
			require.ElementsMatch(s, numbers(20), payloads(s.receiveAll(queue, 20)))
		}},
		{name: "delayed messages survive a restart of the server", needs: append(needs(queues.CapabilityDelay), durable...), absent: noRestart, play: func(s *scene) {
			queue := s.open()
			began := time.Now()
			require.NoError(s, queues.SendDelayed(s.ctx, queue, "", newMessage("A"), 5*time.Second))
			s.subject.Restart(s)
			got := s.receive(queue)
			require.Equal(s, "A", got.GetMessageAsString())
			require.GreaterOrEqual(s, time.Since(began), 5*time.Second-s.slack, "not before it is due")
		}},
		{name: "dead messages survive a restart of the server", needs: append(needs(queues.CapabilityDeadLetter), durable...), absent: noRestart, play: func(s *scene) {
			queue := s.open()
			s.bury(queue, "A")
			s.subject.Restart(s)
			dead := s.receive(s.deadLetters(queue))
			require.Equal(s, "A", dead.GetMessageAsString())
			require.Equal(s, queue.Name(), dead.Headers[queues.HeaderDeadLetterSource])
		}},
		{name: "held messages come again after a restart of the server", needs: durable, absent: noRestart, play: func(s *scene) {
			queue := s.openBrief()
			s.send(queue, "A")
			held := s.receiveText(queue, "A")
			s.subject.Restart(s)
			if queue.Complete(s.within(s.patience), held) == nil {
				return // the lock has survived too
			}
			require.Equal(s, "A", s.receive(queue).GetMessageAsString())
		}},
		{name: "a restart under load loses nothing that was acknowledged", needs: durable, absent: noRestart, play: func(s *scene) {
			queue := s.openBrief(config.ListenConcurrency, 4, config.RetryDelay, 50*time.Millisecond, config.MaxDeliveries, 0)
			seen := newSightings()
			queue.BeginListen(s.ctx, "", seen)
			acknowledged, stop := s.sendUntilStopped(s.second(queue))
			s.pause(500 * time.Millisecond)
			s.subject.Restart(s)
			s.pause(500 * time.Millisecond)
			close(stop)
			texts := result(s, acknowledged, "the sender is done")
			require.NotEmpty(s, texts, "messages acknowledged")
			s.await(func() bool { return len(seen.missing(texts)) == 0 }, "all of %d acknowledged messages are received", len(texts))
			s.send(queue, "after") // and the listener goes on by itself
			s.await(func() bool { return len(seen.missing([]string{"after"})) == 0 }, "the listener resumes")
		}},
		{name: "sending during an outage fails or waits within its ctx", needs: durable, absent: noRestart, play: func(s *scene) {
			queue := s.open()
			restarted := make(chan struct{})
			go func() {
				defer close(restarted)
				s.subject.Restart(s)
			}()
			for over := false; !over; {
				select {
				case <-restarted:
					over = true
				default:
				}
				began := time.Now()
				ctx, cancel := context.WithTimeout(s.ctx, time.Second)
				_ = queue.Send(ctx, "", newMessage("A"))
				cancel()
				require.LessOrEqual(s, time.Since(began), 2*time.Second, "Send keeps to its ctx")
				s.pause(20 * time.Millisecond)
			}
			s.await(func() bool { return queue.Send(s.within(time.Second), "", newMessage("B")) == nil }, "sending works again")
		}},
		{name: "the messages of a consumer that was killed come again", needs: safe, absent: noKill, play: func(s *scene) {
			killed := s.openBrief()
			queue := s.second(killed, config.LockTimeout, s.lock)
			s.send(queue, "A", "B", "C")
			s.complete(killed, s.receiveReady(killed))
			held := s.receiveReady(killed)
			s.subject.Kill(s, killed)
			left := map[string]int{}
			for range 2 {
				envelope := s.receive(queue)
				left[envelope.GetMessageAsString()] = envelope.DeliveryCount
				s.complete(queue, envelope)
			}
			require.Equal(s, 2, left[held.GetMessageAsString()], "DeliveryCount of the message that was held: %v", left)
			s.receiveNone(queue)
		}},
		{name: "the messages of a listener that was killed come again", needs: safe, absent: noKill, play: func(s *scene) {
			killed := s.openBrief(config.Prefetch, 2)
			receiver := newWorkshop(s)
			killed.BeginListen(s.ctx, "", receiver)
			s.send(killed, "A", "B", "C")
			receiver.next()
			s.settle()
			s.subject.Kill(s, killed)
			queue := s.second(killed, config.LockTimeout, s.lock)
			var got []string
			for range 3 {
				envelope := s.receive(queue)
				got = append(got, envelope.GetMessageAsString())
				s.complete(queue, envelope)
			}
			require.ElementsMatch(s, []string{"A", "B", "C"}, got)
			s.receiveNone(queue)
		}},
	}}
}

// sendUntilStopped sends until stop is closed; then the payloads of the acknowledged messages come out.
func (s *scene) sendUntilStopped(queue queues.IMessageQueue) (acknowledged <-chan []string, stop chan struct{}) {
	sent := make(chan []string, 1)
	stop = make(chan struct{})
	go func() {
		var texts []string
		for i := 0; ; i++ {
			select {
			case <-stop:
				sent <- texts
				return
			default:
			}
			text := fmt.Sprint("load ", i)
			ctx, cancel := context.WithTimeout(s.ctx, time.Second)
			if queue.Send(ctx, "", newMessage(text)) == nil {
				texts = append(texts, text)
			}
			cancel()
			time.Sleep(time.Millisecond)
		}
	}()
	return sent, stop
}

// sightings is a receiver that remembers which payloads it has seen. It is slower than the sender, so
// that there are messages in the queue all the time.
type sightings struct {
	mu   sync.Mutex
	seen map[string]bool
}

func newSightings() *sightings { return &sightings{seen: map[string]bool{}} }

// ReceiveMessage remembers the payload.
func (r *sightings) ReceiveMessage(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
	time.Sleep(10 * time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[envelope.GetMessageAsString()] = true
	return nil
}

func (r *sightings) missing(texts []string) (missing []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range texts {
		if !r.seen[text] {
			missing = append(missing, text)
		}
	}
	return missing
}
