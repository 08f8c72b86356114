package main

import (
	"context"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Packer is a component that works with the queue "orders", whatever broker that is.
type Packer struct{ orders queues.IMessageQueue }

// SetReferences finds the queue.
func (p *Packer) SetReferences(ctx context.Context, references cref.IReferences) {
	p.orders, _ = references.GetOneOptional(
		cref.NewDescriptor("pip-services", "message-queue", "*", "orders", "1.0"),
	).(queues.IMessageQueue)
}
