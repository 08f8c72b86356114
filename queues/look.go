package queues

import (
	"context"
	"errors"
	"math"
)

// Peek returns a copy of the next ready message. See IMessageQueue.
func (q *MessageQueue) Peek(ctx context.Context, correlationId string) (*MessageEnvelope, error) {
	found, err := q.look(ctx, correlationId, CapabilityPeek, 1)
	if len(found) == 0 {
		return nil, err
	}
	return found[0], err
}

// PeekBatch returns copies of up to messageCount ready messages. See IMessageQueue.
func (q *MessageQueue) PeekBatch(ctx context.Context, correlationId string, messageCount int64) ([]*MessageEnvelope, error) {
	return q.look(ctx, correlationId, CapabilityPeekBatch, messageCount)
}

// look shows up to count ready messages; an empty list for a count below 1.
func (q *MessageQueue) look(ctx context.Context, correlationId string, capability Capability, count int64) ([]*MessageEnvelope, error) {
	ctx = orBackground(ctx)
	envelopes := []*MessageEnvelope{}
	if err := q.checkCall(ctx, correlationId, capability); err != nil {
		return envelopes, err
	}
	if count < 1 {
		return envelopes, nil
	}
	found, err := q.storage.(Looker).Look(ctx, int(min(count, math.MaxInt32)))
	if err != nil {
		return envelopes, q.fail(ctx, correlationId, "peeking", err)
	}
	for _, envelope := range found {
		envelopes = append(envelopes, envelope.Clone())
	}
	return envelopes, nil
}

// ReadMessageCount counts ready messages. See IMessageQueue.
func (q *MessageQueue) ReadMessageCount() (int64, error) {
	ctx := context.Background()
	if err := q.checkCall(ctx, "", CapabilityMessageCount); err != nil {
		return 0, err
	}
	s := q.session.Load()
	count, err := q.storage.(Counter).Count(s.ending)
	if err != nil && s.ending.Err() != nil {
		return 0, q.closedMeanwhile("")
	}
	return count, q.fail(ctx, "", "counting messages", err)
}

// CountByState counts the messages that are ready, locked (by anybody, also in other processes) and
// delayed; -1 for what the broker cannot tell. It is for those who watch queues. Errors: ErrNotSupported
// if the broker tells no more than ReadMessageCount, ErrNotOpened, ErrNoConnection.
func (q *MessageQueue) CountByState(ctx context.Context, correlationId string) (ready, locked, delayed int64, err error) {
	ctx = orBackground(ctx)
	if err := q.checkCall(ctx, correlationId, CapabilityMessageCount); err != nil {
		return 0, 0, 0, err
	}
	counter, ok := q.storage.(StateCounter)
	if !ok {
		return 0, 0, 0, newError(ErrNotSupported, q.name, correlationId, "counting messages by state", nil)
	}
	ready, locked, delayed, err = counter.CountByState(ctx)
	return ready, locked, delayed, q.fail(ctx, correlationId, "counting messages by state", err)
}

// Clear removes ready, delayed and locked messages; who holds one of them gets ErrLockLost. Errors:
// ErrNotSupported, ErrNotOpened.
func (q *MessageQueue) Clear(ctx context.Context, correlationId string) error {
	ctx = orBackground(ctx)
	if err := q.checkCall(ctx, correlationId, CapabilityClear); err != nil {
		return err
	}
	held := q.session.Load().locks.empty(false)
	purging := ctx
	if q.isReceiving(ctx) {
		// It may have ended by that: the lock of its message is lost.
		var cancel context.CancelFunc
		purging, cancel = context.WithTimeout(context.WithoutCancel(ctx), keepingTimeout)
		defer cancel()
	}
	purged := q.storage.(Purger).Purge(purging)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepingTimeout) // whatever has become of ctx
	defer cancel()
	if purged != nil {
		for _, d := range held {
			q.giveBack(settling, d, d.wasParked)
		}
		return q.fail(ctx, correlationId, "clearing", purged)
	}
	var failed error
	for _, d := range held {
		if err := q.storage.Complete(settling, d.Handle); err != nil && !errors.Is(err, ErrLockLost) && failed == nil {
			failed = q.fail(ctx, correlationId, "clearing locked messages", err)
		}
	}
	return failed
}

// checkCall refuses a call that needs a capability and an open queue.
func (q *MessageQueue) checkCall(ctx context.Context, correlationId string, capability Capability) error {
	if err := q.need(capability, correlationId); err != nil {
		return err
	}
	if err := q.checkOpen(correlationId, false); err != nil {
		return err
	}
	return ctx.Err()
}
