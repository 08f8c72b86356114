package conformance

import (
	"time"

	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// checkRefused makes sure that a queue says that it has not got a capability.
func (s *scene) checkRefused(capability queues.Capability) {
	queue := s.open()
	for what, call := range s.callsOf(capability, queue) {
		require.ErrorIs(s, call(), queues.ErrNotSupported, "%s without the capability %s", what, capability)
	}
	s.checkRequireFails(capability)
}

// checkRequireFails makes sure that a queue does not open when the container requires a capability that
// it has not got.
func (s *scene) checkRequireFails(capability queues.Capability) {
	queue := s.closed(config.Require, string(capability))
	err := queue.Open(s.ctx, testCorrelation)
	require.ErrorIs(s, err, queues.ErrNotSupported, "Open with %s=%s", config.Require, capability)
	require.ErrorContains(s, err, queue.Name(), "the error names the queue")
	require.ErrorContains(s, err, string(capability), "the error names what is missing")
	require.False(s, queue.IsOpen())
}

// callsOf lists the calls that must return ErrNotSupported without a capability. What is left of a queue
// without batch, ordering, at_least_once or durable works, in its way.
func (s *scene) callsOf(capability queues.Capability, queue queues.IMessageQueue) map[string]func() error {
	envelope := s.someMessage(queue)
	switch capability {
	case queues.CapabilityMessageCount:
		return map[string]func() error{
			"ReadMessageCount": func() error { _, err := queue.ReadMessageCount(); return err },
		}
	case queues.CapabilitySend:
		return map[string]func() error{
			"Send":         func() error { return queue.Send(s.ctx, "", newMessage("A")) },
			"SendAsObject": func() error { return queue.SendAsObject(s.ctx, "", testType, "A") },
			"SendBatch":    func() error { return queues.SendBatch(s.ctx, queue, "", newMessages("A")) },
			"SendDelayed":  func() error { return queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second) },
		}
	case queues.CapabilityReceive:
		return map[string]func() error{
			"Receive":      func() error { _, err := queue.Receive(s.ctx, "", 0); return err },
			"ReceiveBatch": func() error { _, err := queues.ReceiveBatch(s.ctx, queue, "", 1, 0); return err },
			"Listen":       func() error { return queue.Listen(s.within(s.patience), "", test.NewTestMessageReceiver()) },
		}
	case queues.CapabilityPeek:
		return map[string]func() error{"Peek": func() error { _, err := queue.Peek(s.ctx, ""); return err }}
	case queues.CapabilityPeekBatch:
		return map[string]func() error{"PeekBatch": func() error { _, err := queue.PeekBatch(s.ctx, "", 1); return err }}
	case queues.CapabilityRenewLock:
		return map[string]func() error{"RenewLock": func() error { return queue.RenewLock(s.ctx, envelope, s.lock) }}
	case queues.CapabilityAbandon:
		return map[string]func() error{"Abandon": func() error { return queue.Abandon(s.ctx, envelope) }}
	case queues.CapabilityDeadLetter:
		return map[string]func() error{
			"MoveToDeadLetter": func() error { return queue.MoveToDeadLetter(s.ctx, envelope) },
			"DeadLetters":      func() error { _, err := queues.DeadLetters(queue); return err },
			"Redrive":          func() error { _, err := queues.Redrive(s.ctx, queue, "", 1); return err },
		}
	case queues.CapabilityClear:
		cleanable, ok := queue.(crun.ICleanable)
		if !ok {
			return nil
		}
		return map[string]func() error{"Clear": func() error { return cleanable.Clear(s.ctx, "") }}
	case queues.CapabilityDelay:
		return map[string]func() error{
			"SendDelayed":    func() error { return queues.SendDelayed(s.ctx, queue, "", newMessage("A"), time.Second) },
			"AbandonDelayed": func() error { return queues.AbandonDelayed(s.ctx, queue, envelope, time.Second) },
		}
	default:
		return nil
	}
}

// someMessage returns a message that was received from queue, if it can send and receive.
func (s *scene) someMessage(queue queues.IMessageQueue) *queues.MessageEnvelope {
	if !s.can(queues.CapabilitySend) || !s.can(queues.CapabilityReceive) {
		return newMessage("A")
	}
	s.send(queue, "A")
	return s.receive(queue)
}
