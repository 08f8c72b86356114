package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Headers of an atomic batch. The last message commits it.
const (
	batchIdHeader       = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

// maxBatch is how many messages the server takes in one batch, unless it is configured otherwise.
const maxBatch = 1000

// PutBatch stores all messages or none. A commit that gets no answer is repeated with the same ids: if
// it had arrived, the server knows them.
func (s *session) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	if len(messages) > maxBatch {
		return fmt.Errorf("%w: a batch of %d messages; the server takes up to %d at a time", queues.ErrMessageTooLarge, len(messages), maxBatch)
	}
	batch := make([]*natsgo.Msg, len(messages))
	for i, message := range messages {
		batch[i] = encode(message, s.plan.subject)
		batch[i].Header[jetstream.MsgIDHeader] = []string{nuid.Next()}
		batch[i].Header[batchIdHeader] = []string{nuid.Next()} // for the size: each attempt has its own
		batch[i].Header[batchSequenceHeader] = []string{strconv.Itoa(i + 1)}
		if err := s.link.tooLarge(batch[i]); err != nil {
			return fmt.Errorf("message %d of the batch: %w", i+1, err)
		}
	}
	batch[len(batch)-1].Header[batchCommitHeader] = []string{"1"}
	return s.whileFull(ctx, func() error { return s.putBatch(ctx, batch) })
}

func (s *session) putBatch(ctx context.Context, batch []*natsgo.Msg) error {
	bound, free := s.bind(ctx)
	defer free()
	limited, cancel := s.link.limit(bound)
	defer cancel()
	for {
		err := s.tryBatch(limited, batch)
		if err == nil || errors.Is(err, errStreamFull) {
			return err
		}
		if !isPassing(err) || s.link.again(limited) != nil {
			return s.failed(ctx, err)
		}
	}
}

// tryBatch sends a batch. The first message asks for an answer, to learn whether the server takes batches at all,
// and the last one, which gets the confirmation of all.
func (s *session) tryBatch(ctx context.Context, batch []*natsgo.Msg) error {
	id, last := nuid.Next(), len(batch)-1
	for i, message := range batch {
		message.Header[batchIdHeader] = []string{id}
		if i > 0 && i < last {
			if err := s.link.conn.PublishMsg(message); err != nil {
				return err
			}
			continue
		}
		answer, err := s.link.attempt(ctx, message, attemptTimeout)
		if err != nil {
			return err
		}
		if err := confirmedBatch(answer); err != nil {
			return err
		}
	}
	return nil
}

// confirmedBatch reads the answer to a message of a batch: empty for those before the last.
func confirmedBatch(answer *natsgo.Msg) error {
	if len(answer.Data) == 0 {
		return nil
	}
	err := readConfirmation(answer)
	if isError(err, errBatchDuplicate) {
		return nil // an earlier attempt has arrived
	}
	return err
}
