package nats

import (
	"net/url"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Headers that carry what travels beside a payload, as in the other languages of Pip.Services.
const (
	headerMessageId     = "message_id"
	headerCorrelationId = "correlation_id"
	headerMessageType   = "message_type"
	headerSentTime      = "sent_time"

	// headerEscaped carries, as a query string, what a header of NATS cannot: fields and headers with
	// line breaks, with white space around them, with odd names, or with names that mean something to the
	// server. Names in it begin with escapedField or escapedHeader.
	headerEscaped = "pip_escaped"
	escapedField  = "f:"
	escapedHeader = "h:"
)

// headersBeside is how many headers a message has beside its own, at most: these, and the id for the server.
const headersBeside = 6

// serverPrefix is what headers begin with that are the server's.
const serverPrefix = "Nats-"

// encode makes a message for subject. It refers to the payload of the envelope.
func encode(envelope *queues.MessageEnvelope, subject string) *natsgo.Msg {
	header := make(natsgo.Header, headersBeside+len(envelope.Headers))
	values := make([]string, 0, headersBeside+len(envelope.Headers)) // of all headers, in one piece
	set := func(name, value string) {
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	var escaped url.Values
	escape := func(name, value string) {
		if escaped == nil {
			escaped = url.Values{}
		}
		escaped.Set(name, value)
	}
	field := func(name, value string) {
		switch {
		case value == "":
		case isPlainValue(value):
			set(name, value)
		default:
			escape(escapedField+name, value)
		}
	}
	field(headerMessageId, envelope.MessageId)
	field(headerCorrelationId, envelope.CorrelationId)
	field(headerMessageType, envelope.MessageType)
	if !envelope.SentTime.IsZero() {
		set(headerSentTime, envelope.SentTime.UTC().Format(time.RFC3339Nano))
	}
	for name, value := range envelope.Headers {
		if isPlainName(name) && isPlainValue(value) {
			set(name, value)
		} else {
			escape(escapedHeader+name, value)
		}
	}
	if escaped != nil {
		set(headerEscaped, escaped.Encode())
	}
	return &natsgo.Msg{Subject: subject, Header: header, Data: envelope.Message}
}

// decode fills in the envelope of a message, of which it takes over the payload.
func decode(message *natsgo.Msg, envelope *queues.MessageEnvelope) {
	*envelope = queues.MessageEnvelope{Message: message.Data}
	for name, values := range message.Header {
		if len(values) == 0 || strings.HasPrefix(name, serverPrefix) {
			continue
		}
		if name != headerEscaped {
			setField(envelope, name, values[0])
			continue
		}
		escaped, _ := url.ParseQuery(values[0]) // of what is not ours, what can be read
		for name, values := range escaped {
			if field, ok := strings.CutPrefix(name, escapedField); ok {
				setField(envelope, field, values[0])
			} else if header, ok := strings.CutPrefix(name, escapedHeader); ok {
				setHeader(envelope, header, values[0])
			}
		}
	}
}

func setField(envelope *queues.MessageEnvelope, name, value string) {
	switch name {
	case headerMessageId:
		envelope.MessageId = value
	case headerCorrelationId:
		envelope.CorrelationId = value
	case headerMessageType:
		envelope.MessageType = value
	case headerSentTime:
		if sent, err := time.Parse(time.RFC3339Nano, value); err == nil {
			envelope.SentTime = sent.UTC()
		}
	default:
		setHeader(envelope, name, value)
	}
}

func setHeader(envelope *queues.MessageEnvelope, name, value string) {
	if envelope.Headers == nil {
		envelope.Headers = map[string]string{}
	}
	envelope.Headers[name] = value
}

// isPlainName tells whether a header of that name arrives as it was sent, and means nothing to anyone.
func isPlainName(name string) bool {
	switch name {
	case "", headerMessageId, headerCorrelationId, headerMessageType, headerSentTime, headerEscaped, headerDue, "Status", "Description":
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return len(name) < len(serverPrefix) || !strings.EqualFold(name[:len(serverPrefix)], serverPrefix)
}

// isPlainValue tells whether a value arrives as it was sent.
func isPlainValue(value string) bool {
	if value == "" {
		return true
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == 0x7f {
			return false
		}
	}
	return value[0] != ' ' && value[len(value)-1] != ' '
}
