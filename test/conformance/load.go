package conformance

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func load() group {
	return group{name: "load", alone: true, cases: []testCase{
		{name: "many messages are shared by eight workers", play: func(s *scene) {
			total := s.subject.LoadMessages
			queue := s.open(config.ListenConcurrency, 8, config.LockTimeout, 10*s.patience)
			counts := make([]atomic.Int32, total)
			var handled atomic.Int64
			done := make(chan struct{})
			queue.BeginListen(s.ctx, "", queues.NewCallbackMessageReceiver(func(_ context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
				var number int
				if _, err := fmt.Sscan(envelope.GetMessageAsString(), &number); err != nil {
					return queues.NewPermanentError(err)
				}
				counts[number].Add(1)
				if handled.Add(1) == int64(total) {
					close(done)
				}
				return nil
			}))
			for i := range total {
				require.NoError(s, queue.Send(s.ctx, "", newMessage(fmt.Sprint(i))))
			}
			result(s, done, "all %d messages are handled", total)
			for i := range counts {
				require.EqualValues(s, 1, counts[i].Load(), "times that message %d came", i)
			}
			queue.EndListen(s.ctx, "")
			s.closeQueue(queue)
			s.openQueue(queue)
			s.receiveNone(queue)
		}},
		{name: "many listeners share the messages", play: func(s *scene) {
			listeners := s.subject.LoadListeners
			queue := s.open(config.Prefetch, 1)
			receiver := newWorkshop(s)
			for range listeners {
				queue.BeginListen(s.ctx, "", receiver)
			}
			s.send(queue, numbers(2*listeners)...)
			jobs := receiver.nextJobs(listeners) // each has one, for none can take more than two
			for _, work := range jobs {
				work.end(nil)
			}
			for _, work := range receiver.nextJobs(listeners) {
				require.Equal(s, 1, work.envelope.DeliveryCount)
				work.end(nil)
			}
			receiver.none()
		}},
		{name: "many queues live side by side", play: func(s *scene) {
			const total = 20
			receiver := newWorkshop(s)
			open := make([]queues.IMessageQueue, total)
			for i := range open {
				open[i] = s.open()
				open[i].BeginListen(s.ctx, "", receiver)
			}
			for i, queue := range open {
				s.send(queue, fmt.Sprint(i))
			}
			for _, work := range receiver.nextJobs(total) {
				work.end(nil)
			}
		}},
	}}
}
