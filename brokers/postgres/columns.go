package postgres

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// columns are messages by column.
type columns struct {
	ids, correlationIds, types []string
	sentTimes                  []*time.Time
	headers                    []*string
	payloads                   [][]byte
}

func columnsOf(messages ...*queues.MessageEnvelope) columns {
	var c columns
	for _, message := range messages {
		c.ids = append(c.ids, message.MessageId)
		c.correlationIds = append(c.correlationIds, message.CorrelationId)
		c.types = append(c.types, message.MessageType)
		c.sentTimes = append(c.sentTimes, sentTime(message))
		c.headers = append(c.headers, headersOf(message))
		c.payloads = append(c.payloads, payload(message))
	}
	return c
}

func (c *columns) count() int { return len(c.ids) }

// size is that of the payloads.
func (c *columns) size() int {
	size := 0
	for _, payload := range c.payloads {
		size += len(payload)
	}
	return size
}

// own copies what is the caller's.
func (c *columns) own() {
	for i := range c.payloads {
		c.payloads[i] = slices.Clone(c.payloads[i])
	}
}

func (c *columns) append(more columns) {
	c.ids = append(c.ids, more.ids...)
	c.correlationIds = append(c.correlationIds, more.correlationIds...)
	c.types = append(c.types, more.types...)
	c.sentTimes = append(c.sentTimes, more.sentTimes...)
	c.headers = append(c.headers, more.headers...)
	c.payloads = append(c.payloads, more.payloads...)
}

// first are the columns of the first message, in the order of the statements, after those arguments.
func (c *columns) first(arguments ...any) []any {
	return append(arguments, c.ids[0], c.correlationIds[0], c.types[0], c.sentTimes[0], c.headers[0], c.payloads[0])
}

// all are the columns of all, likewise, as arrays.
func (c *columns) all(arguments ...any) []any {
	return append(arguments, c.ids, c.correlationIds, c.types, c.sentTimes, c.headers, c.payloads)
}

func sentTime(message *queues.MessageEnvelope) *time.Time {
	if message.SentTime.IsZero() {
		return nil
	}
	sent := message.SentTime
	return &sent
}

// headersOf returns the headers as JSON, nil for none.
func headersOf(message *queues.MessageEnvelope) *string {
	if len(message.Headers) == 0 {
		return nil
	}
	encoded, err := json.Marshal(message.Headers)
	if err != nil { // a map of strings can be encoded
		return nil
	}
	text := string(encoded)
	return &text
}

// payload is never nil, which the server would take for NULL.
func payload(message *queues.MessageEnvelope) []byte {
	if message.Message == nil {
		return []byte{}
	}
	return message.Message
}
