package conformance

import (
	"context"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// settling is a call that settles a message or keeps its lock.
type settling struct {
	name  string
	needs queues.Capability
	call  func(ctx context.Context, queue queues.IMessageQueue, envelope *queues.MessageEnvelope) error
}

// everySettling lists the settling calls; RenewLock is the last.
func everySettling() []settling {
	type (
		ctxt  = context.Context
		queue = queues.IMessageQueue
		msg   = *queues.MessageEnvelope
	)
	return []settling{
		{"Complete", queues.CapabilityReceive, func(ctx ctxt, q queue, e msg) error { return q.Complete(ctx, e) }},
		{"Abandon", queues.CapabilityAbandon, func(ctx ctxt, q queue, e msg) error { return q.Abandon(ctx, e) }},
		{"MoveToDeadLetter", queues.CapabilityDeadLetter, func(ctx ctxt, q queue, e msg) error { return q.MoveToDeadLetter(ctx, e) }},
		{"AbandonDelayed", queues.CapabilityDelay, func(ctx ctxt, q queue, e msg) error {
			return queues.AbandonDelayed(ctx, q, e, time.Second)
		}},
		{"RenewLock", queues.CapabilityRenewLock, func(ctx ctxt, q queue, e msg) error { return q.RenewLock(ctx, e, 0) }},
	}
}

// settlings lists the settling calls that the queue supports; with renewal, RenewLock too.
func (s *scene) settlings(renewal bool) (supported []settling) {
	for _, settling := range everySettling() {
		if s.can(settling.needs) && (renewal || settling.name != "RenewLock") {
			supported = append(supported, settling)
		}
	}
	return supported
}
