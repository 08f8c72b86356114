package show

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Message shows an envelope: a line about it, a line for each header, the payload up to max bytes.
func (s Style) Message(envelope *queues.MessageEnvelope, max int) string {
	var page strings.Builder
	parts := []string{s.Bold(Line(orNone(envelope.MessageId)))}
	if envelope.MessageType != "" {
		parts = append(parts, Line(envelope.MessageType))
	}
	if !envelope.SentTime.IsZero() {
		parts = append(parts, s.Dim(envelope.SentTime.UTC().Format(time.RFC3339)))
	}
	parts = append(parts, s.Dim(Count(int64(len(envelope.Message)), "byte")))
	if envelope.DeliveryCount > 0 {
		parts = append(parts, s.Dim(fmt.Sprintf("delivery %d", envelope.DeliveryCount)))
	}
	page.WriteString(strings.Join(parts, "  ") + "\n")
	if envelope.CorrelationId != "" {
		page.WriteString("  " + s.key("correlation_id") + ": " + Line(envelope.CorrelationId) + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(envelope.Headers)) {
		page.WriteString("  " + s.key(Line(name)) + ": " + Line(envelope.Headers[name]) + "\n")
	}
	page.WriteString(s.Payload(envelope.Message, max))
	return page.String()
}

// MessageJSON is the envelope on one line, as the family writes envelopes to the wire (the payload is
// in base64), with the delivery count and, if it is JSON or text, the payload in the clear as body.
// mq send --jsonl reads it back.
func MessageJSON(envelope *queues.MessageEnvelope) (string, error) {
	line := struct {
		MessageId     string            `json:"message_id"`
		CorrelationId string            `json:"correlation_id"`
		MessageType   string            `json:"message_type"`
		SentTime      *time.Time        `json:"sent_time,omitempty"`
		DeliveryCount int               `json:"delivery_count,omitempty"`
		Headers       map[string]string `json:"headers,omitempty"`
		Message       []byte            `json:"message"`
		Body          any               `json:"body,omitempty"`
	}{
		envelope.MessageId, envelope.CorrelationId, envelope.MessageType, nil, envelope.DeliveryCount,
		envelope.Headers, envelope.Message, nil,
	}
	if !envelope.SentTime.IsZero() {
		line.SentTime = &envelope.SentTime
	}
	switch {
	case len(envelope.Message) == 0:
	case FormatOf(envelope.Message) == JSON:
		line.Body = json.RawMessage(envelope.Message)
	case utf8.Valid(envelope.Message):
		line.Body = string(envelope.Message)
	}
	return JSONLine(line)
}

// Count writes a number with its noun: 1 message, 2 messages.
func Count(number int64, noun string) string {
	if number == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return fmt.Sprintf("%d %sies", number, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", number, noun)
}

func orNone(text string) string {
	if text == "" {
		return "(no id)"
	}
	return text
}
