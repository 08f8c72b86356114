package nats

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// errStreamFull is the server's refusal of a message over the limit of the stream.
var errStreamFull = errors.New("the stream has all the messages that it may have")

// fullPause is how soon a full stream is asked again.
const fullPause = 20 * time.Millisecond

func (s *session) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	return s.put(ctx, encode(message, s.plan.subject))
}

// put stores a message once, however often it has to be sent until the server confirms it. The id is of this
// call: a message that is sent again, or comes back from the dead-letter queue, has its message_id still.
func (s *session) put(ctx context.Context, message *natsgo.Msg) error {
	message.Header[jetstream.MsgIDHeader] = []string{nuid.Next()}
	return s.whileFull(ctx, func() error { return s.publish(ctx, message) })
}

// whileFull puts again as long as the stream is full, unless options.overflow says otherwise.
func (s *session) whileFull(ctx context.Context, put func() error) error {
	for {
		err := put()
		switch {
		case !errors.Is(err, errStreamFull):
			return err
		case s.full:
			return fmt.Errorf("%w: %w", queues.ErrQueueFull, err)
		}
		if err := s.pause(ctx, fullPause); err != nil {
			return err
		}
	}
}

// publish sends a message and waits for the confirmation.
func (s *session) publish(ctx context.Context, message *natsgo.Msg) error {
	answer, err := s.request(ctx, message, s.retryPublishing)
	switch {
	case err == nil:
		return s.confirmed(answer)
	case errors.Is(err, natsgo.ErrMaxPayload):
		return cmp.Or(s.link.tooLarge(message), err)
	default:
		return err
	}
}

// confirmed reads the answer of the stream to a message.
func (s *session) confirmed(answer *natsgo.Msg) error {
	if bytes.HasPrefix(answer.Data, s.confirms) && !bytes.Contains(answer.Data, []byte(`"error"`)) {
		return nil // the usual case
	}
	return readConfirmation(answer)
}

// readConfirmation reads any answer of a stream to a message.
func readConfirmation(answer *natsgo.Msg) error {
	var confirmation struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &confirmation); err != nil {
		return fmt.Errorf("%w: something that is no stream answers on the subject: %w", queues.ErrBadConfig, err)
	}
	switch refusal := confirmation.Error; {
	case refusal == nil:
		return nil
	case refusal.ErrorCode == errMaxMessages:
		return fmt.Errorf("%w: %w", errStreamFull, refusal)
	case refusal.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return fmt.Errorf("%w: the stream takes less: %w", queues.ErrMessageTooLarge, refusal)
	default:
		return fmt.Errorf("the stream refuses the message: %w", refusal)
	}
}
