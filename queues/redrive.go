package queues

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
)

// Redriver is a queue that can send its dead messages back to itself in a way of its own.
type Redriver interface {
	// Redrive is the function Redrive for this queue.
	Redrive(ctx context.Context, correlationId string, max int64) (int64, error)
}

// Redrive sends up to max dead messages of queue back to it, oldest first, and returns how many; max of
// 0 or less: all that are there when it begins. They keep id, headers and payload, lose the headers of
// their death, and count deliveries from 1 again. Each is sent before it is removed, so that a failure
// in between may duplicate and never lose. It may take long, as when the queue is full: what it holds stays
// locked. Left where they are, uncounted: messages whose header dead_letter_source is not the name of queue, or
// that have none, and those that die again meanwhile. (Dead-letter queue redrive of Amazon SQS.) Errors:
// ErrNotOpened, ErrNotSupported, and those of Send and Receive; the count tells how many went through before.
func Redrive(ctx context.Context, queue IMessageQueue, correlationId string, max int64) (int64, error) {
	if redriver, ok := queue.(Redriver); ok {
		return redriver.Redrive(ctx, correlationId, max)
	}
	return redrive(ctx, queue, correlationId, max)
}

func redrive(ctx context.Context, queue IMessageQueue, correlationId string, max int64) (redriven int64, err error) {
	ctx = orBackground(ctx)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	dead, err := DeadLetters(queue)
	if err != nil {
		return 0, err
	}
	if !queue.IsOpen() {
		return 0, newError(ErrNotOpened, queue.Name(), correlationId, "call Open first", nil)
	}
	left := math.MaxInt64 // messages that were there when it began
	counted := dead.Capabilities().CanMessageCount()
	if counted {
		count, err := dead.ReadMessageCount()
		if err != nil {
			return 0, err
		}
		left = int(count)
	}
	seen := map[string]bool{} // ids that were redriven, where messages cannot be counted
	var others []*MessageEnvelope
	defer func() { err = errors.Join(err, leave(ctx, dead, others)) }()

	for ; left > 0 && (max <= 0 || redriven < max); left-- {
		envelope, err := dead.Receive(ctx, correlationId, 0)
		if err != nil || envelope == nil {
			return redriven, err
		}
		keepLocked(envelope)
		if envelope.Headers[HeaderDeadLetterSource] != queue.Name() || seen[envelope.MessageId] {
			others = append(others, envelope)
			continue
		}
		if err := sendBack(ctx, queue, dead, correlationId, envelope); err != nil {
			others = append(others, envelope)
			return redriven, fmt.Errorf("redriving message %s: %w", envelope.MessageId, err)
		}
		if !counted {
			seen[envelope.MessageId] = true
		}
		redriven++
	}
	return redriven, nil
}

// keepLocked has the lock of a received message kept up until it is settled, if its queue can.
func keepLocked(envelope *MessageEnvelope) {
	if d, ok := envelope.GetReference().(*Delivery); ok && d.locks != nil {
		d.locks.keep(d)
	}
}

func sendBack(ctx context.Context, queue, dead IMessageQueue, correlationId string, envelope *MessageEnvelope) error {
	if err := queue.Send(ctx, correlationId, Revive(envelope)); err != nil {
		return err
	}
	if err := dead.Complete(ctx, envelope); err != nil {
		return fmt.Errorf("it was sent, and is in the dead-letter queue still: %w", err)
	}
	return nil
}

// Revive returns a dead message as Redrive sends it: with the headers that it had before its death. It shares the
// payload with dead. A message that is not dead comes back as it is, and nil for nil.
func Revive(dead *MessageEnvelope) *MessageEnvelope {
	if dead == nil {
		return nil
	}
	live := *dead
	if !hasDied(dead.Headers) {
		return &live
	}
	live.Headers = maps.Clone(dead.Headers)
	for _, header := range deadLetterHeaders {
		delete(live.Headers, header)
	}
	if own, ok := dead.Headers[headerOwnDeliveryCount]; ok {
		live.Headers[HeaderDeliveryCount] = own
	}
	if len(live.Headers) == 0 {
		live.Headers = nil
	}
	return &live
}

// leave puts received messages back where they were, uncounted where the queue can.
func leave(ctx context.Context, dead IMessageQueue, envelopes []*MessageEnvelope) error {
	ctx = context.WithoutCancel(ctx)
	giveBack := dead.Abandon
	if returner, ok := dead.(interface {
		giveUp(ctx context.Context, envelope *MessageEnvelope) error
	}); ok {
		giveBack = returner.giveUp
	}
	var failures []error
	for _, envelope := range envelopes {
		if err := giveBack(ctx, envelope); err != nil && !errors.Is(err, ErrLockLost) { // it is back already
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// giveUp releases a received message as if it had not been received.
func (q *MessageQueue) giveUp(ctx context.Context, message *MessageEnvelope) error {
	return q.settle(ctx, message, CapabilityAbandon, "give_up", func(ctx context.Context, d *Delivery) error {
		if err := q.storage.Release(ctx, d.Handle, false); err != nil {
			return q.unsettled(d, err)
		}
		d.markSettled()
		return nil
	})
}
