// Package move takes messages from one queue to another, of whatever kinds, without losing one.
//
// A message is received, which locks it; sent to the other queue, which confirms it; noted in the journal; and
// completed. Whatever fails, and wherever the process dies, the message is in one of the queues. It is in
// both if that happens between confirm and completion, and then the journal knows: the next run completes it
// without sending it again. Only between confirm and note can it come twice, as delivery is at least once.
package move

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Job is what to move.
type Job struct {
	From queues.IMessageQueue
	To   queues.IMessageQueue // nil: messages are removed
	// Select tells which messages to move; nil for all. Others stay, and count no delivery.
	Select func(*queues.MessageEnvelope) bool
	// Change makes what is sent of what was received; nil for the same.
	Change  func(*queues.MessageEnvelope) *queues.MessageEnvelope
	Max     int64         // how many at most; 0: all that are there when it begins
	Limit   *rate.Limiter // nil: as fast as it goes
	Journal *Journal      // nil: a run that was cut short may leave a message in both queues
	Lock    time.Duration // options.lock_timeout of From
	// Step gives the context of the work on one message, which ends later than that of the whole.
	Step func(context.Context) (context.Context, context.CancelFunc)
	Done func() // called after each message; may be nil
}

// Result is what was done, also by a run that failed.
type Result struct {
	Moved   int64 `json:"moved"`
	Resumed int64 `json:"resumed"` // completed without being sent: an earlier run had sent them
	Left    int64 `json:"left"`    // not selected
}

const correlationId = "mq"

// Run moves messages until none is left, Max is reached, or ctx ends, which it heeds between messages. What it has
// received and not moved is given back, uncounted, when From is closed.
func (j *Job) Run(ctx context.Context) (result Result, err error) {
	left := int64(math.MaxInt64)
	counted := j.From.Capabilities().CanMessageCount()
	if counted {
		if left, err = j.From.ReadMessageCount(); err != nil {
			return result, err
		}
	}
	seen := map[string]bool{} // that were moved, where messages cannot be counted: they may come back by another way
	held := &holding{queue: j.From, lock: j.Lock, renewed: time.Now()}
	if j.Limit != nil {
		j.Limit.Reserve() // for the first message, which goes at once
	}
	for moved := false; left > 0 && (j.Max == 0 || result.Moved+result.Resumed < j.Max); left-- {
		if err := j.pause(ctx, held, moved); err != nil {
			return result, err
		}
		envelope, err := j.From.Receive(ctx, correlationId, 0)
		if err != nil {
			return result, err
		}
		if envelope == nil {
			break
		}
		if j.Select != nil && !j.Select(envelope) || seen[envelope.MessageId] {
			held.add(envelope)
			result.Left++
			moved = false
			continue
		}
		moved = true
		if err := j.one(ctx, envelope, &result); err != nil {
			return result, fmt.Errorf("message %s: %w", envelope.MessageId, err)
		}
		if !counted {
			seen[envelope.MessageId] = true
		}
		if j.Done != nil {
			j.Done()
		}
	}
	return result, nil
}

// one moves a message that was received.
func (j *Job) one(ctx context.Context, envelope *queues.MessageEnvelope, result *Result) error {
	step, done := j.Step(ctx)
	defer done()
	resumed := j.Journal.Has(envelope)
	if j.To != nil && !resumed {
		sent := envelope
		if j.Change != nil {
			sent = j.Change(envelope)
		}
		if err := j.To.Send(step, correlationId, sent); err != nil {
			return err
		}
		if err := j.Journal.Sent(envelope); err != nil {
			return err
		}
	}
	// A lock that has run out meanwhile is no failure: the message comes again, and the journal knows it.
	if err := j.From.Complete(step, envelope); err != nil && (j.Journal == nil || !errors.Is(err, queues.ErrLockLost)) {
		return err
	} else if err != nil {
		return nil
	}
	if resumed {
		result.Resumed++
	} else {
		result.Moved++
	}
	return j.Journal.Completed(envelope)
}

// pause keeps the rate, after a message that was moved, and the locks of what is held.
func (j *Job) pause(ctx context.Context, held *holding, moved bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	held.renew(ctx)
	if j.Limit == nil || !moved {
		return nil
	}
	for until := time.Now().Add(j.Limit.Reserve().Delay()); ; {
		wait := time.Until(until)
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(min(wait, max(held.lock/3, time.Second)))
		select {
		case <-timer.C:
			held.renew(ctx)
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// holding are messages that are kept locked so that they do not come again.
type holding struct {
	queue     queues.IMessageQueue
	lock      time.Duration
	envelopes []*queues.MessageEnvelope
	renewed   time.Time
}

func (h *holding) add(envelope *queues.MessageEnvelope) { h.envelopes = append(h.envelopes, envelope) }

// renew renews the locks when a third of their time is over.
func (h *holding) renew(ctx context.Context) {
	if time.Since(h.renewed) < h.lock/3 || !h.queue.Capabilities().CanRenewLock() {
		return
	}
	h.renewed = time.Now()
	for _, envelope := range h.envelopes {
		_ = h.queue.RenewLock(ctx, envelope, 0) // one that is lost comes again, and is left again
	}
}
