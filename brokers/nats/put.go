package nats

import (
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
	return s.whileFull(ctx, func() error {
		_, err := s.publish(ctx, message)
		return err
	})
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

// confirmation is the server's answer to a message that is published.
type confirmation struct {
	Stream   string              `json:"stream"`
	Sequence uint64              `json:"seq"`
	Error    *jetstream.APIError `json:"error"`
}

// publish sends a message and waits for the confirmation.
func (s *session) publish(ctx context.Context, message *natsgo.Msg) (confirmation, error) {
	if err := s.link.tooLarge(message); err != nil {
		return confirmation{}, err
	}
	answer, err := s.request(ctx, message, s.retryPublishing)
	if err != nil {
		return confirmation{}, err
	}
	return readConfirmation(answer)
}

func readConfirmation(answer *natsgo.Msg) (confirmed confirmation, err error) {
	if err := json.Unmarshal(answer.Data, &confirmed); err != nil {
		return confirmed, fmt.Errorf("%w: something that is no stream answers on the subject: %w", queues.ErrBadConfig, err)
	}
	switch {
	case confirmed.Error == nil:
		return confirmed, nil
	case confirmed.Error.ErrorCode == errMaxMessages:
		return confirmed, fmt.Errorf("%w: %w", errStreamFull, confirmed.Error)
	case confirmed.Error.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return confirmed, fmt.Errorf("%w: the stream takes less: %w", queues.ErrMessageTooLarge, confirmed.Error)
	default:
		return confirmed, fmt.Errorf("the stream refuses the message: %w", confirmed.Error)
	}
}
