package rabbitmq

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Headers that this module adds to messages, and takes off again.
const (
	headerSentTime      = "sent_time"            // with fractions of a second, which the property timestamp has not
	headerDelivered     = "x-pip-delivered"      // deliveries that count, of earlier copies of this message
	headerEscaped       = "x-pip-headers"        // a table of headers whose names mean something to the server or to us
	headerMessageId     = "x-pip-message-id"     // these three are too long for a property
	headerCorrelationId = "x-pip-correlation-id" //
	headerMessageType   = "x-pip-message-type"   //
	ownPrefix           = "x-pip-"

	headerDeliveryCount = "x-delivery-count" // of quorum queues: deliveries that came to nothing
)

// longestShort is how many bytes a property or the name of a header may have.
const longestShort = 255

// isServers tells whether a header is the server's: it is not shown, and not sent on.
func isServers(name string) bool {
	switch name {
	case headerDeliveryCount, "x-death", "x-acquired-count", "x-received-from", "x-shovelled":
		return true
	}
	return strings.HasPrefix(name, "x-first-death-") || strings.HasPrefix(name, "x-last-death-")
}

// mustEscape tells whether a header of the user would be taken for something else. CC and BCC are
// addresses to the server.
func mustEscape(name string) bool {
	return name == headerSentTime || name == "CC" || name == "BCC" || strings.HasPrefix(name, ownPrefix) || isServers(name)
}

// publishing makes what goes to the server of a message. It shares the payload.
func publishing(message *queues.MessageEnvelope, persistent bool) (amqp.Publishing, error) {
	headers := make(amqp.Table, len(message.Headers)+1)
	for name, value := range message.Headers {
		switch {
		case len(name) > longestShort:
			return amqp.Publishing{}, fmt.Errorf("%w: the name of header %.20q… has %d bytes; the server takes at most %d", queues.ErrBadMessage, name, len(name), longestShort)
		case mustEscape(name):
			escaped, _ := headers[headerEscaped].(amqp.Table)
			if escaped == nil {
				escaped = amqp.Table{}
				headers[headerEscaped] = escaped
			}
			escaped[name] = value
		default:
			headers[name] = value
		}
	}
	p := amqp.Publishing{Headers: headers, DeliveryMode: amqp.Transient, Timestamp: message.SentTime, Body: message.Message}
	if persistent {
		p.DeliveryMode = amqp.Persistent
	}
	if !message.SentTime.IsZero() {
		headers[headerSentTime] = message.SentTime.UTC().Format(time.RFC3339Nano)
	}
	p.MessageId = short(message.MessageId, headerMessageId, headers)
	p.CorrelationId = short(message.CorrelationId, headerCorrelationId, headers)
	p.Type = short(message.MessageType, headerMessageType, headers)
	return p, nil
}

// short returns text for a property. One that is too long becomes a header instead.
func short(text, header string, headers amqp.Table) string {
	if len(text) <= longestShort {
		return text
	}
	headers[header] = text
	return ""
}

// headSize is how many bytes the properties of a message take at most: they must fit into one frame.
func headSize(p *amqp.Publishing) int {
	const fixed = 128
	return fixed + len(p.MessageId) + len(p.CorrelationId) + len(p.Type) + len(p.ContentType) + len(p.ContentEncoding) +
		len(p.ReplyTo) + len(p.Expiration) + len(p.AppId) + fieldSize(p.Headers)
}

// fieldSize is how many bytes a value in a table takes.
func fieldSize(value any) int {
	const fixed = 9 // the largest of the types that have one size
	switch value := value.(type) {
	case string:
		return fixed + len(value)
	case []byte:
		return fixed + len(value)
	case amqp.Table:
		size := fixed
		for name, each := range value {
			size += 1 + len(name) + fieldSize(each)
		}
		return size
	case []any:
		size := fixed
		for _, each := range value {
			size += fieldSize(each)
		}
		return size
	default:
		return fixed
	}
}

// envelopeOf reads a message, also one of a program that knows nothing of this module. The envelope shares
// nothing with the delivery but the payload.
func envelopeOf(d *amqp.Delivery) queues.MessageEnvelope {
	e := queues.MessageEnvelope{
		MessageId:     d.MessageId,
		CorrelationId: d.CorrelationId,
		MessageType:   d.Type,
		SentTime:      d.Timestamp.UTC(),
		Message:       d.Body,
	}
	if d.Timestamp.IsZero() {
		e.SentTime = time.Time{}
	}
	set := func(name, value string) {
		if e.Headers == nil {
			e.Headers = make(map[string]string, len(d.Headers))
		}
		e.Headers[name] = value
	}
	for name, value := range d.Headers {
		switch name {
		case headerMessageId:
			e.MessageId = text(value)
		case headerCorrelationId:
			e.CorrelationId = text(value)
		case headerMessageType:
			e.MessageType = text(value)
		case headerEscaped:
			escaped, _ := value.(amqp.Table)
			for name, value := range escaped {
				set(name, text(value))
			}
		case headerSentTime:
			if sent, ok := sentTime(value, d.Timestamp); ok {
				e.SentTime = sent
			} else {
				set(name, text(value))
			}
		default:
			if !isServers(name) && !strings.HasPrefix(name, ownPrefix) {
				set(name, text(value))
			}
		}
	}
	return e
}

// sentTime reads the header with the fractions of a second. One that says something else than the property
// is somebody's own.
func sentTime(value any, timestamp time.Time) (time.Time, bool) {
	written, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	sent, err := time.Parse(time.RFC3339Nano, written)
	if err != nil || !timestamp.IsZero() && sent.Unix() != timestamp.Unix() {
		return time.Time{}, false
	}
	return sent.UTC(), true
}

// text spells a value of a header table: what is not text as JSON would, bytes that are no text in base64.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case time.Time:
		return value.UTC().Format(time.RFC3339)
	case []byte:
		if utf8.Valid(value) {
			return string(value)
		}
		return base64.StdEncoding.EncodeToString(value)
	case amqp.Decimal:
		return strconv.FormatFloat(float64(value.Value)/math.Pow10(int(value.Scale)), 'f', int(value.Scale), 64)
	case amqp.Table, []any:
		encoded, err := json.Marshal(plain(value))
		if err != nil {
			return fmt.Sprint(value)
		}
		return string(encoded)
	default: // numbers
		return fmt.Sprint(value)
	}
}

// plain turns what is in a table into what JSON knows.
func plain(value any) any {
	switch value := value.(type) {
	case amqp.Table:
		fields := make(map[string]any, len(value))
		for name, each := range value {
			fields[name] = plain(each)
		}
		return fields
	case []any:
		items := make([]any, len(value))
		for i, each := range value {
			items[i] = plain(each)
		}
		return items
	case []byte, time.Time, amqp.Decimal:
		return text(value)
	default:
		return value
	}
}

// deliveriesOf says how many times a message has been delivered, this time included.
func deliveriesOf(d *amqp.Delivery) int {
	count := 1 + int(max(0, integer(d.Headers[headerDelivered])))
	if before, ok := d.Headers[headerDeliveryCount]; ok {
		return count + int(max(0, integer(before)))
	}
	if d.Redelivered { // a classic queue says no more than that
		count++
	}
	return count
}

func integer(value any) int64 {
	switch value := value.(type) {
	case int64:
		return value
	case int32:
		return int64(value)
	case int16:
		return int64(value)
	case int8:
		return int64(value)
	case uint8:
		return int64(value)
	case uint16:
		return int64(value)
	case uint32:
		return int64(value)
	default:
		return 0
	}
}

// copyOf is a message to be published anew in the place of one that was delivered, after so many
// deliveries that count.
func copyOf(d *amqp.Delivery, delivered int) amqp.Publishing {
	headers := make(amqp.Table, len(d.Headers)+1)
	for name, value := range d.Headers {
		if !isServers(name) {
			headers[name] = value
		}
	}
	headers[headerDelivered] = int64(delivered)
	return amqp.Publishing{
		Headers:         headers,
		ContentType:     d.ContentType,
		ContentEncoding: d.ContentEncoding,
		DeliveryMode:    d.DeliveryMode,
		Priority:        d.Priority,
		CorrelationId:   d.CorrelationId,
		ReplyTo:         d.ReplyTo,
		Expiration:      d.Expiration,
		MessageId:       d.MessageId,
		Timestamp:       d.Timestamp,
		Type:            d.Type,
		AppId:           d.AppId, // not UserId, which must be that of who publishes
		Body:            d.Body,
	}
}

// given is what a receiver gets: the payload is its own.
func given(d *amqp.Delivery) queues.MessageEnvelope {
	e := envelopeOf(d)
	e.Message = bytes.Clone(d.Body)
	return e
}
