package conformance

import (
	"context"
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func competition() group {
	return group{name: "competition", cases: []testCase{
		{name: "many senders and receivers share the messages", play: func(s *scene) {
			queue := s.open()
			s.checkCrowd(queue, 4, 4, s.subject.either1(2000, 400))
		}},
		{name: "receivers of two objects share the messages", play: func(s *scene) {
			queue := s.open()
			other := s.second(queue)
			s.send(queue, "A", "B")
			one, two := s.receiveReady(queue), s.receiveReady(other)
			require.ElementsMatch(s, []string{"A", "B"}, payloads([]*queues.MessageEnvelope{one, two}))
			s.receiveNone(queue)
			s.receiveNone(other)
			s.complete(queue, one)
			s.complete(other, two)
			s.receiveNone(queue)
		}},
		{name: "two listeners share the messages", play: func(s *scene) {
			queue := s.open(config.Prefetch, 1)
			one, two := newWorkshop(s), newWorkshop(s)
			queue.BeginListen(s.ctx, "", one)
			s.second(queue, config.Prefetch, 1).BeginListen(s.ctx, "", two)
			s.send(queue, numbers(4)...)
			var got []string
			for range 2 {
				first, second := one.next(), two.next() // neither ends before the other begins
				got = append(got, first.envelope.GetMessageAsString(), second.envelope.GetMessageAsString())
				first.end(nil)
				second.end(nil)
			}
			require.ElementsMatch(s, numbers(4), got)
			one.none()
			two.none()
		}},
		{name: "when one listener stops the other goes on", play: func(s *scene) {
			queue := s.open()
			ctx, cancel := context.WithCancel(s.ctx)
			defer cancel()
			one, two := newWorkshop(s), test.NewTestMessageReceiver()
			ended := s.listen(ctx, queue, one)
			s.send(queue, "A")
			work := one.next()
			s.second(queue).BeginListen(s.ctx, "", two)
			cancel()
			work.end(nil)
			require.ErrorIs(s, result(s, ended, "the first Listen returns"), context.Canceled)
			s.send(queue, numbers(20)...)
			_, err := two.WaitForMessages(s.within(s.patience), 20)
			require.NoError(s, err)
			one.none()
			require.Equal(s, 20, two.GetMessageCount())
		}},
	}}
}

// checkCrowd lets senders send and receivers receive at the same time, total messages altogether: each
// message comes once.
func (s *scene) checkCrowd(queue queues.IMessageQueue, senders, receivers, total int) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	failures := make(chan error, senders+receivers)
	for sender := range senders {
		go func() {
			for i := sender; i < total; i += senders {
				if err := queue.Send(s.ctx, "", newMessage(fmt.Sprint(i))); err != nil {
					failures <- fmt.Errorf("sending: %w", err)
					return
				}
			}
			failures <- nil
		}()
	}
	var mu sync.Mutex
	times := map[string]int{}
	all := make(chan struct{})
	count := func(envelope *queues.MessageEnvelope) {
		mu.Lock()
		defer mu.Unlock()
		times[envelope.GetMessageAsString()]++
		if len(times) == total {
			cancel() // that was the last
			select {
			case <-all:
			default:
				close(all)
			}
		}
	}
	for range receivers {
		go func() {
			for ctx.Err() == nil {
				envelope, err := queue.Receive(ctx, "", s.patience)
				if err == nil && envelope != nil {
					err = queue.Complete(s.ctx, envelope)
					count(envelope)
				}
				if err != nil && ctx.Err() == nil {
					failures <- fmt.Errorf("receiving: %w", err)
					return
				}
			}
			failures <- nil
		}()
	}
	for range senders + receivers {
		require.NoError(s, result(s, failures, "all senders and receivers are done"))
	}
	mu.Lock()
	defer mu.Unlock()
	require.Len(s, times, total, "messages received")
	for text, n := range times {
		require.Equal(s, 1, n, "times that message %s came", text)
	}
	s.receiveNone(queue)
}
