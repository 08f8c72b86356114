package queues

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// envelopeJSON is the envelope on the wire, the same in every Pip.Services language.
type envelopeJSON struct {
	MessageId     string            `json:"message_id"`
	CorrelationId string            `json:"correlation_id"`
	MessageType   string            `json:"message_type"`
	SentTime      time.Time         `json:"sent_time"`
	Message       []byte            `json:"message,omitempty"`
	Headers       map[string]string `json:"headers,omitempty"`
}

// MarshalJSON encodes the envelope with the keys message_id, correlation_id, message_type, sent_time
// (RFC 3339; the present time if it was not sent yet), message (base64, absent when empty) and
// headers (absent when there are none).
func (c MessageEnvelope) MarshalJSON() ([]byte, error) {
	sent := c.SentTime
	if sent.IsZero() {
		sent = time.Now().UTC()
	}
	return json.Marshal(envelopeJSON{c.MessageId, c.CorrelationId, c.MessageType, sent, c.Message, c.Headers})
}

// UnmarshalJSON reads what MarshalJSON writes and what the other Pip.Services languages write: fields
// may be missing or null, trace_id stands in for correlation_id, sent_time may lack its zone (taken as
// UTC) and its fraction. What cannot be read is ErrBadMessage naming the field, and the envelope is
// left as it was.
func (c *MessageEnvelope) UnmarshalJSON(data []byte) error {
	return c.unmarshal(data, base64.StdEncoding.DecodeString)
}

// UnmarshalPlainText reads an envelope whose message field is plain text rather than base64, as the
// Java and Dart libraries write it. The two cannot be told apart by looking, so the reader must know.
// Otherwise as UnmarshalJSON.
func (c *MessageEnvelope) UnmarshalPlainText(data []byte) error {
	return c.unmarshal(data, func(text string) ([]byte, error) { return []byte(text), nil })
}

func (c *MessageEnvelope) unmarshal(data []byte, decodePayload func(string) ([]byte, error)) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return newError(ErrBadMessage, "", "", "envelope is not a JSON object", err)
	}
	if fields == nil { // JSON null is a no-op, by the convention of json.Unmarshaler
		return nil
	}

	var read MessageEnvelope
	var correlationId, traceId, sentTime string
	var message *string
	for _, field := range []struct {
		name string
		into any
	}{
		{"message_id", &read.MessageId},
		{"correlation_id", &correlationId},
		{"trace_id", &traceId},
		{"message_type", &read.MessageType},
		{"sent_time", &sentTime},
		{"message", &message},
		{"headers", &read.Headers},
	} {
		if raw, ok := fields[field.name]; ok {
			if err := json.Unmarshal(raw, field.into); err != nil {
				return newError(ErrBadMessage, "", "", "envelope field "+field.name, err)
			}
		}
	}

	read.CorrelationId = correlationId
	if correlationId == "" {
		read.CorrelationId = traceId
	}
	var err error
	if read.SentTime, err = parseSentTime(sentTime); err != nil {
		return err
	}
	if message != nil {
		if read.Message, err = decodePayload(*message); err != nil {
			return newError(ErrBadMessage, "", "", "envelope field message", err)
		}
	}
	*c = read
	return nil
}

// sentTimeLayouts are the forms of sent_time in the family; Go reads fractions without being told.
var sentTimeLayouts = [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

// parseSentTime reads a sent_time; an empty one is the zero time.
func parseSentTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range sentTimeLayouts {
		if sent, err := time.Parse(layout, text); err == nil && isWritable(sent.UTC()) {
			return sent.UTC(), nil
		}
	}
	return time.Time{}, newError(ErrBadMessage, "", "", fmt.Sprintf("envelope field sent_time: %q is not a time in RFC 3339, as 2026-01-31T12:00:00Z", text), nil)
}

// isWritable tells whether a time has a form in RFC 3339.
func isWritable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }
