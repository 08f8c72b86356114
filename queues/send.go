package queues

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Send puts a copy of the envelope into the queue. See IMessageQueue.
func (q *MessageQueue) Send(ctx context.Context, correlationId string, envelope *MessageEnvelope) error {
	ctx = orBackground(ctx)
	if err := q.checkSend(ctx, correlationId, envelope); err != nil {
		return err
	}
	telemetry := q.telemetry.Load()
	started := telemetry.begin()
	message := q.stamp(envelope)
	err := q.failToSend(ctx, correlationId, "sending", 1, q.storage.Put(ctx, message))
	if err == nil {
		telemetry.count(ctx, countSent, 1)
		telemetry.message(ctx, "Sent", message)
	}
	telemetry.trace(ctx, correlationId, "send", started, err)
	q.unstamp(message)
	return err
}

// SendAsObject sends value encoded as JSON. See IMessageQueue.
func (q *MessageQueue) SendAsObject(ctx context.Context, correlationId string, messageType string, value any) error {
	return q.Overrides.Send(ctx, correlationId, NewMessageEnvelopeFromObject(correlationId, messageType, value))
}

// checkSend refuses what cannot be sent.
func (q *MessageQueue) checkSend(ctx context.Context, correlationId string, envelope *MessageEnvelope) error {
	if err := q.need(CapabilitySend, correlationId); err != nil {
		return err
	}
	if err := q.checkOpen(correlationId, true); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if envelope == nil {
		return newError(ErrBadMessage, q.name, correlationId, "the envelope is nil", nil)
	}
	if envelope.payloadErr != nil && envelope.Message == nil {
		return newError(ErrBadMessage, q.name, correlationId, "the payload could not be encoded", *envelope.payloadErr)
	}
	if limit := q.maxMessageSize(); limit > 0 && len(envelope.Message) > limit {
		return newError(ErrMessageTooLarge, q.name, correlationId,
			fmt.Sprintf("the payload has %d bytes, the limit is %d (options.max_message_size or the broker's own)", len(envelope.Message), limit), nil)
	}
	return nil
}

// failToSend is fail for sending count messages. It says why they find no room, and what to do.
func (q *MessageQueue) failToSend(ctx context.Context, correlationId, doing string, count int, err error) error {
	if errors.Is(err, ErrQueueFull) {
		switch limit := q.session.Load().settings.maxMessages; {
		case limit > 0 && count > limit:
			doing = fmt.Sprintf("%s: %d messages never fit into %d, %s; send fewer at a time, or raise it", doing, count, limit, config.MaxMessages)
		case limit > 0:
			doing = fmt.Sprintf("%s: it holds %d messages, %s; try later, raise it, or let %s be %s",
				doing, limit, config.MaxMessages, config.Overflow, config.OverflowBlock)
		}
	}
	return q.fail(ctx, correlationId, doing, err)
}

// maxMessageSize is the lesser of the configured limit and the broker's; 0 for none.
func (q *MessageQueue) maxMessageSize() int {
	s := q.session.Load()
	configured, brokers := s.settings.maxMessageSize, s.traits.MaxMessageSize
	if configured == 0 || brokers != 0 && brokers < configured {
		return brokers
	}
	return configured
}

// stamp makes the copy of the envelope that is sent. It shares payload and headers with the caller's,
// which a storage copies if it keeps them. Copies are used again: see unstamp.
func (q *MessageQueue) stamp(envelope *MessageEnvelope) *MessageEnvelope {
	message, ok := q.scratch.Get().(*MessageEnvelope)
	if !ok {
		message = new(MessageEnvelope)
	}
	*message = *envelope
	message.reference, message.payloadErr, message.DeliveryCount = nil, nil, 0
	if message.MessageId == "" {
		message.MessageId = newMessageId()
	}
	message.SentTime = time.Now().UTC().Round(0)
	return message
}

func (q *MessageQueue) unstamp(message *MessageEnvelope) {
	message.Message, message.Headers = nil, nil // the caller's, who may want their memory back
	q.scratch.Put(message)
}

// BatchSender is a queue that sends several messages in one step.
type BatchSender interface {
	// SendBatch sends all envelopes, in order. With the capability batch it takes all or none;
	// without, those before the one that failed are sent, and the error says how many.
	SendBatch(ctx context.Context, correlationId string, envelopes []*MessageEnvelope) error
}

// SendBatch sends envelopes through the queue's own SendBatch, or one by one. An empty list is a no-op.
// Errors: as Send, and ErrBadMessage for a nil queue.
func SendBatch(ctx context.Context, queue IMessageQueue, correlationId string, envelopes []*MessageEnvelope) error {
	if sender, ok := queue.(BatchSender); ok {
		return sender.SendBatch(ctx, correlationId, envelopes)
	}
	if queue == nil {
		return errNoQueue(correlationId)
	}
	return sendEach(ctx, queue, correlationId, envelopes)
}

// errNoQueue is the answer to a nil queue.
func errNoQueue(correlationId string) error {
	return newError(ErrBadMessage, "", correlationId, "the queue is nil", nil)
}

func sendEach(ctx context.Context, queue IMessageQueue, correlationId string, envelopes []*MessageEnvelope) error {
	for i, envelope := range envelopes {
		if err := queue.Send(ctx, correlationId, envelope); err != nil {
			return fmt.Errorf("batch of %d messages, %d sent: %w", len(envelopes), i, err)
		}
	}
	return nil
}

// SendBatch sends all envelopes. See BatchSender.
func (q *MessageQueue) SendBatch(ctx context.Context, correlationId string, envelopes []*MessageEnvelope) error {
	ctx = orBackground(ctx)
	putter, ok := q.storage.(BatchPutter)
	if !ok || !q.Capabilities().CanBatch() {
		return sendEach(ctx, q.Overrides, correlationId, envelopes)
	}
	messages := make([]*MessageEnvelope, len(envelopes))
	for i, envelope := range envelopes {
		if err := q.checkSend(ctx, correlationId, envelope); err != nil {
			return fmt.Errorf("batch of %d messages, none sent, number %d: %w", len(envelopes), i+1, err)
		}
		messages[i] = q.stamp(envelope)
	}
	if len(messages) == 0 {
		return q.checkOpen(correlationId, true)
	}
	telemetry := q.telemetry.Load()
	started := telemetry.begin()
	err := q.failToSend(ctx, correlationId, "sending a batch", len(messages), putter.PutBatch(ctx, messages))
	if err == nil {
		telemetry.count(ctx, countSent, int64(len(messages)))
		for _, message := range messages {
			telemetry.message(ctx, "Sent", message)
		}
	}
	telemetry.trace(ctx, correlationId, "send_batch", started, err)
	for _, message := range messages {
		q.unstamp(message)
	}
	return err
}

// DelayedSender is a queue that can take messages that become ready later: the capability delay.
type DelayedSender interface {
	// SendDelayed sends a message that enters the queue, at its end, after delay. A delay of 0 or less
	// sends it at once. Errors: as Send, and ErrNotSupported.
	SendDelayed(ctx context.Context, correlationId string, envelope *MessageEnvelope, delay time.Duration) error
}

// SendDelayed sends a message that becomes ready after delay (scheduled messages of Azure Service Bus,
// DelaySeconds of Amazon SQS). Errors: as Send, and ErrNotSupported if the queue cannot delay.
func SendDelayed(ctx context.Context, queue IMessageQueue, correlationId string, envelope *MessageEnvelope, delay time.Duration) error {
	if sender, ok := queue.(DelayedSender); ok {
		return sender.SendDelayed(ctx, correlationId, envelope, delay)
	}
	return newError(ErrNotSupported, queueName(queue), correlationId, string(CapabilityDelay), nil)
}

// SendDelayed sends a message that becomes ready after delay. See DelayedSender.
func (q *MessageQueue) SendDelayed(ctx context.Context, correlationId string, envelope *MessageEnvelope, delay time.Duration) error {
	ctx = orBackground(ctx)
	if err := q.need(CapabilityDelay, correlationId); err != nil {
		return err
	}
	if delay <= 0 {
		return q.Overrides.Send(ctx, correlationId, envelope)
	}
	if err := q.checkSend(ctx, correlationId, envelope); err != nil {
		return err
	}
	telemetry := q.telemetry.Load()
	started := telemetry.begin()
	message := q.stamp(envelope)
	err := q.failToSend(ctx, correlationId, "sending with a delay", 1, q.storage.(DelayedPutter).PutDelayed(ctx, message, delay))
	if err == nil {
		telemetry.count(ctx, countSent, 1)
		telemetry.message(ctx, "Sent, to be ready later,", message)
	}
	telemetry.trace(ctx, correlationId, "send_delayed", started, err)
	q.unstamp(message)
	return err
}
