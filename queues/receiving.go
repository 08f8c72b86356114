package queues

import (
	"context"
	"slices"
	"sync/atomic"
)

// receiving is what the ctx of a receiver says of it. A worker has one for many messages: an allocation for each
// would cost more than it tells.
type receiving struct {
	queue    *MessageQueue
	delivery *atomic.Pointer[Delivery] // in work; nil when the receiver has returned
	done     <-chan struct{}           // of the ctx
	outer    *receiving                // of the receiver that has called Listen, and waits for it
}

// receivingKey is the key of a value in the ctx of a receiver: its *receiving.
type receivingKey struct{}

// withReceiving marks the ctx of a receiver of queue.
func withReceiving(ctx context.Context, queue *MessageQueue, delivery *atomic.Pointer[Delivery]) context.Context {
	outer, _ := ctx.Value(receivingKey{}).(*receiving)
	return context.WithValue(ctx, receivingKey{}, &receiving{queue, delivery, ctx.Done(), outer})
}

// receivingOf tells whether ctx comes from a receiver of one of these queues, and whether one is in work.
func receivingOf(ctx context.Context, queues ...*MessageQueue) (from, inWork bool) {
	r, _ := ctx.Value(receivingKey{}).(*receiving)
	for ; r != nil; r = r.outer {
		if slices.Contains(queues, r.queue) {
			from = true
			inWork = inWork || r.delivery.Load() != nil
		}
	}
	return from, inWork
}

// isReceiving tells whether ctx was handed to a receiver of this queue that is in work.
func (q *MessageQueue) isReceiving(ctx context.Context) bool {
	_, inWork := receivingOf(ctx, q)
	return inWork
}

// apart is ctx for what goes on when the receiver that it was handed to has returned. It does not end with that
// ctx: this is when the worker ends that happens to have the message. One that is derived from it ends as ever.
func apart(ctx context.Context) context.Context {
	r, _ := ctx.Value(receivingKey{}).(*receiving)
	if r == nil {
		return ctx
	}
	if ctx.Done() == r.done {
		ctx = context.WithoutCancel(ctx)
	}
	return context.WithValue(ctx, receivingKey{}, (*receiving)(nil))
}
