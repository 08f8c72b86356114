package queues

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MessageEnvelope is a message with what travels beside its payload. The zero value is an empty
// envelope ready to use; a copy of the struct is a copy of the envelope that shares payload, headers
// and lock. An envelope is not safe for concurrent use.
type MessageEnvelope struct {
	reference  any    // of a received message: its *Delivery, or what SetReference was given
	payloadErr *error // why SetMessageAsObject left Message nil

	CorrelationId string            `json:"correlation_id" bson:"correlation_id"`       // business transaction id, traces calls across components
	MessageId     string            `json:"message_id" bson:"message_id"`               // unique id; assigned by Send on its copy when missing
	MessageType   string            `json:"message_type" bson:"message_type"`           // what the payload is; receivers dispatch on it
	SentTime      time.Time         `json:"sent_time" bson:"sent_time"`                 // when it was sent, UTC; zero when it was not
	Message       []byte            `json:"message" bson:"message"`                     // the payload
	Headers       map[string]string `json:"headers,omitempty" bson:"headers,omitempty"` // what the sender wants to travel beside the payload
	DeliveryCount int               `json:"-" bson:"-"`                                 // deliveries of a received message, this one included: 1 the first time
}

// NewEmptyMessageEnvelope makes an envelope with nothing in it.
func NewEmptyMessageEnvelope() *MessageEnvelope { return &MessageEnvelope{} }

// NewMessageEnvelope makes an envelope with a new message id. It refers to message, it does not copy it.
func NewMessageEnvelope(correlationId string, messageType string, message []byte) *MessageEnvelope {
	return &MessageEnvelope{
		CorrelationId: correlationId,
		MessageType:   messageType,
		MessageId:     newMessageId(),
		Message:       message,
	}
}

// NewMessageEnvelopeFromObject makes an envelope with a new message id and message encoded as JSON.
// What cannot be encoded leaves the payload nil and is reported by Send as ErrBadMessage.
func NewMessageEnvelopeFromObject(correlationId string, messageType string, message any) *MessageEnvelope {
	c := NewMessageEnvelope(correlationId, messageType, nil)
	c.SetMessageAsObject(message)
	return c
}

// newMessageId returns 32 random hexadecimal digits (a version 4 UUID without dashes).
func newMessageId() string {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [32]byte
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// GetReference returns the lock token of a received message: opaque, and nil once the message is
// settled or when it was never received.
func (c *MessageEnvelope) GetReference() any {
	if delivery, ok := c.reference.(*Delivery); ok && delivery.isSettled() {
		return nil
	}
	return c.reference
}

// SetReference sets the lock token. Queues written against messaging-gox 1.0 keep theirs here.
func (c *MessageEnvelope) SetReference(value any) { c.reference = value }

// GetMessageAsString returns the payload as a string.
func (c *MessageEnvelope) GetMessageAsString() string { return string(c.Message) }

// SetMessageAsString sets the payload from a string.
func (c *MessageEnvelope) SetMessageAsString(value string) {
	c.Message, c.payloadErr = []byte(value), nil
}

// SetMessageAsObject sets the payload to value encoded as JSON; nil gives an empty payload. What
// cannot be encoded leaves the payload nil and is reported by Send as ErrBadMessage.
func (c *MessageEnvelope) SetMessageAsObject(value any) {
	if value == nil {
		c.Message, c.payloadErr = []byte{}, nil
		return
	}
	encoded, err := json.Marshal(value)
	if c.Message, c.payloadErr = encoded, nil; err != nil {
		c.payloadErr = &err
	}
}

// GetMessageAs decodes the JSON payload of the envelope. An empty payload gives the zero value of T;
// one that does not decode gives ErrBadMessage.
func GetMessageAs[T any](envelope *MessageEnvelope) (T, error) {
	var value T
	if envelope == nil || len(envelope.Message) == 0 {
		return value, nil
	}
	if err := json.Unmarshal(envelope.Message, &value); err != nil {
		return *new(T), newError(ErrBadMessage, "", envelope.CorrelationId, fmt.Sprintf("payload of message %s as %T", envelope.MessageId, value), err)
	}
	return value, nil
}

// Clone returns a copy that shares nothing with the envelope and was never received.
func (c *MessageEnvelope) Clone() *MessageEnvelope {
	if c == nil {
		return nil
	}
	clone := *c
	clone.reference = nil
	clone.Message = slices.Clone(c.Message)
	clone.Headers = maps.Clone(c.Headers)
	return &clone
}

// maxShownPayload is how many characters of the payload String shows, as in the other Pip.Services languages.
const maxShownPayload = 50

// String shows the envelope as [correlation id,type,payload], with --- for what is missing and the
// payload cut to 50 characters.
func (c *MessageEnvelope) String() string {
	if c == nil {
		return "[---,---,---]"
	}
	payload := "---"
	if c.Message != nil {
		payload = cut(c.Message, maxShownPayload)
	}
	return "[" + orDashes(c.CorrelationId) + "," + orDashes(c.MessageType) + "," + payload + "]"
}

func orDashes(text string) string {
	if text == "" {
		return "---"
	}
	return text
}

// cut returns the first max characters of text, with an ellipsis when there are more.
func cut(text []byte, max int) string {
	var short strings.Builder
	for count := 0; len(text) > 0; count++ {
		if count == max {
			short.WriteString("…")
			break
		}
		_, size := utf8.DecodeRune(text)
		short.Write(text[:size])
		text = text[size:]
	}
	return short.String()
}
