package mqtt

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Names of the user properties that carry an envelope. Those of headers are the headers' own. What a user
// property cannot carry (control characters, which servers refuse, bytes that are no UTF-8, headers with the
// name of a property) is in propertyEscaped, as a query string whose names begin with f: or h:.
const (
	propertyMessageId     = "message_id"
	propertyCorrelationId = "correlation_id"
	propertyMessageType   = "message_type"
	propertySentTime      = "sent_time" // RFC 3339
	propertyEscaped       = "pip_escaped"
	escapedField          = "f:"
	escapedHeader         = "h:"
)

// Headers that messages get here.
const (
	// HeaderTopic has the topic of a message from a queue whose topic has a wildcard.
	HeaderTopic = "topic"
	// HeaderEnvelopeError says why a payload was not taken for an envelope, with options.serialize_envelope.
	HeaderEnvelopeError = "envelope_error"
)

// format is how envelopes are written.
type format struct {
	envelopes bool // as JSON
	plainText bool // and what is received has its message as it is, not in base64
}

// encode makes a message of an envelope. It refers to the envelope's payload.
func (f format) encode(envelope *queues.MessageEnvelope, topic string, qos byte, retain bool) (*paho.Publish, error) {
	message := &paho.Publish{Topic: topic, QoS: qos, Retain: retain, Payload: envelope.Message}
	if f.envelopes {
		text, err := json.Marshal(envelope)
		if err != nil {
			return nil, fmt.Errorf("%w: writing the envelope: %w", queues.ErrBadMessage, err)
		}
		message.Payload = text
		return message, nil
	}
	user, err := properties(envelope)
	if err != nil {
		return nil, err
	}
	message.Properties = &paho.PublishProperties{User: user}
	return message, nil
}

// properties writes what an envelope has beside its message.
func properties(envelope *queues.MessageEnvelope) (paho.UserProperties, error) {
	user := make(paho.UserProperties, 0, 4+len(envelope.Headers))
	var escaped url.Values
	add := func(prefix, name, value string) {
		if !isField(name) && isProtocolText(name) && isProtocolText(value) || prefix == escapedField && isProtocolText(value) {
			user = append(user, paho.UserProperty{Key: name, Value: value})
			return
		}
		if escaped == nil {
			escaped = url.Values{}
		}
		escaped.Set(prefix+name, value)
	}
	field := func(name, value string) {
		if value != "" {
			add(escapedField, name, value)
		}
	}
	field(propertyMessageId, envelope.MessageId)
	field(propertyCorrelationId, envelope.CorrelationId)
	field(propertyMessageType, envelope.MessageType)
	if !envelope.SentTime.IsZero() {
		field(propertySentTime, envelope.SentTime.UTC().Format(time.RFC3339Nano))
	}
	for name, value := range envelope.Headers {
		add(escapedHeader, name, value)
	}
	if escaped != nil {
		user = append(user, paho.UserProperty{Key: propertyEscaped, Value: escaped.Encode()})
	}
	for _, property := range user {
		if len(property.Key) > maxTextBytes || len(property.Value) > maxTextBytes {
			return nil, fmt.Errorf("%w: %.40q has %d bytes, and a user property takes %d; options.serialize_envelope has no such limit",
				queues.ErrBadMessage, property.Key, len(property.Value), maxTextBytes)
		}
	}
	return user, nil
}

// decode makes an envelope of a message, whose payload it takes over.
func (f format) decode(message *paho.Publish) *queues.MessageEnvelope {
	envelope := &queues.MessageEnvelope{Message: message.Payload}
	if f.envelopes {
		f.decodeEnvelope(message.Payload, envelope)
	}
	if message.Properties == nil {
		return envelope
	}
	for _, property := range message.Properties.User {
		if property.Key != propertyEscaped {
			setProperty(envelope, property.Key, property.Value)
			continue
		}
		escaped, _ := url.ParseQuery(property.Value) // of what is not ours, what can be read
		for name, values := range escaped {
			if field, ok := strings.CutPrefix(name, escapedField); ok {
				setProperty(envelope, field, values[0])
			} else if header, ok := strings.CutPrefix(name, escapedHeader); ok {
				setHeader(envelope, header, values[0])
			}
		}
	}
	return envelope
}

func setProperty(envelope *queues.MessageEnvelope, name, value string) {
	switch name {
	case propertyMessageId:
		envelope.MessageId = value
	case propertyCorrelationId:
		envelope.CorrelationId = value
	case propertyMessageType:
		envelope.MessageType = value
	case propertySentTime:
		if sent, err := time.Parse(time.RFC3339Nano, value); err == nil {
			envelope.SentTime = sent.UTC()
		}
	default:
		setHeader(envelope, name, value)
	}
}

// decodeEnvelope reads an envelope in JSON. What is none is a payload; nobody would be there to get an error.
func (f format) decodeEnvelope(text []byte, envelope *queues.MessageEnvelope) {
	var err error
	if f.plainText {
		text, err = encodeMessage(text)
	}
	read := new(queues.MessageEnvelope)
	if err == nil {
		err = json.Unmarshal(text, read)
	}
	if err != nil {
		setHeader(envelope, HeaderEnvelopeError, err.Error())
		return
	}
	*envelope = *read
}

// encodeMessage writes the message of an envelope, which is plain text, in base64, as envelopes have it.
func encodeMessage(text []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	plain, ok := fields["message"]
	if !ok {
		return text, nil
	}
	var message *string
	if err := json.Unmarshal(plain, &message); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	if message != nil {
		fields["message"], _ = json.Marshal([]byte(*message)) // bytes can always be written
	}
	return json.Marshal(fields)
}

func setHeader(envelope *queues.MessageEnvelope, name, value string) {
	if envelope.Headers == nil {
		envelope.Headers = map[string]string{}
	}
	envelope.Headers[name] = value
}

func isField(name string) bool {
	switch name {
	case propertyMessageId, propertyCorrelationId, propertyMessageType, propertySentTime, propertyEscaped:
		return true
	default:
		return false
	}
}

// isProtocolText tells whether a text can be a string of the protocol. Servers may disconnect who sends
// control characters or code points that are no characters.
func isProtocolText(text string) bool {
	for _, r := range text {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef {
			return false
		}
	}
	return true
}

// sizeOf is how many bytes the message has on the wire, the packet's own included.
func sizeOf(message *paho.Publish) int {
	size := 5 + 2 + len(message.Topic) + 2 + 4 + len(message.Payload)
	if message.Properties != nil {
		for _, property := range message.Properties.User {
			size += 1 + 2 + len(property.Key) + 2 + len(property.Value)
		}
	}
	return size
}
