package main

import (
	"context"
	"fmt"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Packer packs what comes in the queue that its dependencies.orders names, whatever broker that is.
type Packer struct {
	*cref.DependencyResolver // Configure and SetReferences
	orders                   queues.IMessageQueue
}

// NewPacker makes a packer.
func NewPacker() *Packer { return &Packer{DependencyResolver: cref.NewDependencyResolver()} }

// Open begins to listen. It opens the queue before that, because the container may do so only later; to open a
// queue again is a no-op.
func (p *Packer) Open(ctx context.Context, correlationId string) error {
	p.orders, _ = p.GetOneOptional("orders").(queues.IMessageQueue)
	if p.orders == nil {
		return cerr.NewConfigError(correlationId, "NO_QUEUE", fmt.Sprint("no queue answers to dependencies.orders of packer: ", p.Locate("orders")))
	}
	if err := p.orders.Open(ctx, correlationId); err != nil {
		return err
	}
	p.orders.BeginListen(context.WithoutCancel(ctx), correlationId, p)
	return nil
}

// ReceiveMessage packs an order. When it returns nil, the order is done; after an error it comes again.
func (p *Packer) ReceiveMessage(ctx context.Context, order *queues.MessageEnvelope, _ queues.IMessageQueue) error {
	fmt.Println("packed", order.GetMessageAsString())
	return nil
}

// IsOpen tells whether the queue is open.
func (p *Packer) IsOpen() bool { return p.orders != nil && p.orders.IsOpen() }

// Close waits for the order that is being packed, and closes the queue.
func (p *Packer) Close(ctx context.Context, correlationId string) error {
	if p.orders == nil {
		return nil // Open has not found it
	}
	return p.orders.Close(ctx, correlationId)
}
