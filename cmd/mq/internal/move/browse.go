package move

import (
	"context"
	"math"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Browse returns up to max ready messages, 0 for all, without removing them. A queue that cannot peek is
// read by receiving: the messages stay locked, and are given back uncounted when the queue is closed.
func Browse(ctx context.Context, queue queues.IMessageQueue, max int64, lock time.Duration) ([]*queues.MessageEnvelope, error) {
	if max <= 0 {
		max = math.MaxInt32
	}
	if queue.Capabilities().CanPeekBatch() {
		return queue.PeekBatch(ctx, correlationId, max)
	}
	held := &holding{queue: queue, lock: lock, renewed: time.Now()}
	for int64(len(held.envelopes)) < max {
		held.renew(ctx)
		envelope, err := queue.Receive(ctx, correlationId, 0)
		if err != nil {
			return nil, err
		}
		if envelope == nil {
			break
		}
		held.add(envelope)
	}
	return held.envelopes, nil
}

// Copy sends up to max messages of a queue, 0 for all, to another one, and leaves them where they are.
func (j *Job) Copy(ctx context.Context) (result Result, err error) {
	found, err := Browse(ctx, j.From, 0, j.Lock)
	if err != nil {
		return result, err
	}
	for _, envelope := range found {
		if j.Max > 0 && result.Moved >= j.Max {
			break
		}
		if j.Select != nil && !j.Select(envelope) {
			result.Left++
			continue
		}
		if j.Journal.Has(envelope) {
			j.Journal.Skip(envelope)
			result.Resumed++
			continue
		}
		if j.Limit != nil {
			if err := j.Limit.Wait(ctx); err != nil {
				return result, context.Cause(ctx)
			}
		}
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if err := j.send(ctx, envelope); err != nil {
			return result, err
		}
		result.Moved++
		if j.Done != nil {
			j.Done()
		}
	}
	return result, nil
}

func (j *Job) send(ctx context.Context, envelope *queues.MessageEnvelope) error {
	step, done := j.Step(ctx)
	defer done()
	if err := j.To.Send(step, correlationId, envelope); err != nil {
		return err
	}
	if j.Journal == nil {
		return nil
	}
	if err := j.Journal.Sent(envelope); err != nil {
		return err
	}
	j.Journal.Skip(envelope) // for a later run, and not for an equal message of this one
	return nil
}
