package redis

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Fields of an entry.
const (
	fieldPayload       = "message"
	fieldMessageId     = "message_id"
	fieldCorrelationId = "correlation_id"
	fieldMessageType   = "message_type"
	fieldSentTime      = "sent_time"
	headerPrefix       = "h:"
)

// maxHeaders bounds the headers of a message: Lua hands over no more than some 8000 values at a time.
const maxHeaders = 3000

// appendFields appends the fields and values of a message, none of which may be longer than maxString. The
// payload is copied, because what is sent may be on its way when the caller has gone. Fields that would be
// empty are left out.
func appendFields(args []any, message *queues.MessageEnvelope, maxString int) ([]any, error) {
	first := len(args)
	if len(message.Headers) > maxHeaders {
		return args, fmt.Errorf("%w: it has %d headers; a message may have %d", queues.ErrMessageTooLarge, len(message.Headers), maxHeaders)
	}
	args = appendField(args, fieldMessageId, message.MessageId)
	args = appendField(args, fieldCorrelationId, message.CorrelationId)
	args = appendField(args, fieldMessageType, message.MessageType)
	if !message.SentTime.IsZero() {
		args = append(args, fieldSentTime, message.SentTime.UTC().Format(time.RFC3339Nano))
	}
	for name, value := range message.Headers {
		args = append(args, headerPrefix+name, value)
	}
	args = append(args, fieldPayload, string(message.Message))
	for i := first; i < len(args); i++ {
		// The server would end the connection, and what others send with it.
		if text, _ := args[i].(string); len(text) > maxString {
			return args, fmt.Errorf("%w: a field of %d bytes; the server takes %d (proto-max-bulk-len)", queues.ErrMessageTooLarge, len(text), maxString)
		}
	}
	return args, nil
}

func appendField(args []any, name, value string) []any {
	if value == "" {
		return args
	}
	return append(args, name, value)
}

// readEntry makes a message of an entry. Fields that are not ours become headers; what the sender has left out
// is made up from the id of the entry, which holds the time when it came.
func readEntry(id string, fields []any) (queues.MessageEnvelope, error) {
	var message queues.MessageEnvelope
	for i := 0; i+1 < len(fields); i += 2 {
		name, named := fields[i].(string)
		value, valued := fields[i+1].(string)
		if !named || !valued {
			return message, fmt.Errorf("entry %s: the server answers with a %T and a %T where texts should be", id, fields[i], fields[i+1])
		}
		switch name {
		case fieldPayload:
			message.Message = []byte(value)
		case fieldMessageId:
			message.MessageId = value
		case fieldCorrelationId:
			message.CorrelationId = value
		case fieldMessageType:
			message.MessageType = value
		case fieldSentTime:
			message.SentTime = parseTime(value)
		default:
			addHeader(&message, name, value)
		}
	}
	if message.MessageId == "" {
		message.MessageId = id
	}
	if message.SentTime.IsZero() {
		message.SentTime = timeOf(id)
	}
	if message.Message == nil {
		message.Message = []byte{}
	}
	return message, nil
}

func addHeader(message *queues.MessageEnvelope, field, value string) {
	name, ours := strings.CutPrefix(field, headerPrefix)
	if _, given := message.Headers[name]; given && !ours {
		return
	}
	if message.Headers == nil {
		message.Headers = map[string]string{}
	}
	message.Headers[name] = value
}

// parseTime reads a time with or without a zone and fractions; the zero time if it cannot.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if parsed, err := time.Parse(layout, text); err == nil {
			return parsed.UTC()
		}
	}
	return time.Time{}
}

// timeOf returns the time in the id of an entry; the zero time for one that was made up.
func timeOf(id string) time.Time {
	const earliest, latest = 946684800000, 4102444800000 // the years 2000 to 2100
	text, _, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < earliest || ms > latest {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
