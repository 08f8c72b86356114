// Package filter chooses messages by what they say of themselves.
package filter

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Help describes the conditions that Parse takes.
const Help = `A condition is FIELD OPERATOR VALUE without spaces in between. Fields: id, type, correlation, body, deliveries, age, and
for dead messages reason, error, source; anything else is the header of that name (also header.NAME).
Operators: = and != for a text, ~ and !~ for a regular expression, > and < for deliveries (a number) and age (a time
such as 90m, since its death, or since it was sent). Several conditions must all hold.`

// Filter is a list of conditions that must all hold. The zero Filter takes everything.
type Filter struct{ conditions []condition }

type condition struct {
	field, operator, text string
	pattern               *regexp.Regexp
	number                int
	age                   time.Duration
}

var syntax = regexp.MustCompile(`^([\pL\pN_.-]+)(!=|!~|=|~|>|<)(?s:(.*))$`)

// Parse reads conditions. The error says what is wrong with one.
func Parse(texts []string) (Filter, error) {
	var filter Filter
	for _, text := range texts {
		parts := syntax.FindStringSubmatch(text)
		if parts == nil {
			return Filter{}, fmt.Errorf("filter %q: write FIELD=VALUE, FIELD!=VALUE, FIELD~PATTERN, deliveries>3 or age<1h", text)
		}
		parsed, err := newCondition(strings.TrimPrefix(parts[1], "header."), parts[2], parts[3])
		if err != nil {
			return Filter{}, fmt.Errorf("filter %q: %w", text, err)
		}
		if strings.HasPrefix(parts[1], "header.") {
			parsed.field = parts[1]
		}
		filter.conditions = append(filter.conditions, parsed)
	}
	return filter, nil
}

func newCondition(field, operator, text string) (c condition, err error) {
	c = condition{field: field, operator: operator, text: text}
	switch operator {
	case "~", "!~":
		if c.pattern, err = regexp.Compile(text); err != nil {
			return c, fmt.Errorf("%q is not a regular expression", text)
		}
	case ">", "<":
		switch field {
		case "deliveries":
			if c.number, err = strconv.Atoi(text); err != nil {
				return c, fmt.Errorf("%q is not a whole number", text)
			}
		case "age":
			if c.age, err = time.ParseDuration(text); err != nil {
				return c, fmt.Errorf("%q is not a time; write 90m or 36h", text)
			}
		default:
			return c, fmt.Errorf("%s is for deliveries and age", operator)
		}
	}
	return c, nil
}

// IsEmpty tells whether it takes everything.
func (f Filter) IsEmpty() bool { return len(f.conditions) == 0 }

// Match tells whether all conditions hold for a message.
func (f Filter) Match(envelope *queues.MessageEnvelope) bool {
	for _, c := range f.conditions {
		if !c.holds(envelope) {
			return false
		}
	}
	return true
}

func (c condition) holds(envelope *queues.MessageEnvelope) bool {
	switch c.operator {
	case ">":
		return c.compare(envelope) > 0
	case "<":
		return c.compare(envelope) < 0
	}
	value := valueOf(envelope, c.field)
	switch c.operator {
	case "=":
		return value == c.text
	case "!=":
		return value != c.text
	case "~":
		return c.pattern.MatchString(value)
	default:
		return !c.pattern.MatchString(value)
	}
}

func (c condition) compare(envelope *queues.MessageEnvelope) int {
	if c.field == "deliveries" {
		return Deliveries(envelope) - c.number
	}
	since := Since(envelope)
	if since.IsZero() {
		return 0
	}
	switch age := time.Since(since); {
	case age > c.age:
		return 1
	case age < c.age:
		return -1
	default:
		return 0
	}
}

func valueOf(envelope *queues.MessageEnvelope, field string) string {
	switch field {
	case "id":
		return envelope.MessageId
	case "type":
		return envelope.MessageType
	case "correlation":
		return envelope.CorrelationId
	case "body":
		return string(envelope.Message)
	case "deliveries":
		return strconv.Itoa(Deliveries(envelope))
	case "reason":
		return envelope.Headers[queues.HeaderDeadLetterReason]
	case "error":
		return envelope.Headers[queues.HeaderDeadLetterError]
	case "source":
		return envelope.Headers[queues.HeaderDeadLetterSource]
	default:
		return envelope.Headers[strings.TrimPrefix(field, "header.")]
	}
}

// Deliveries is how often a message was delivered: before it died, or if it is not dead, until now.
func Deliveries(envelope *queues.MessageEnvelope) int {
	if count, err := strconv.Atoi(envelope.Headers[queues.HeaderDeliveryCount]); err == nil {
		return count
	}
	return envelope.DeliveryCount
}

// Since is when a message died, or if it is not dead, when it was sent; zero if that is not known.
func Since(envelope *queues.MessageEnvelope) time.Time {
	if died, err := time.Parse(time.RFC3339, envelope.Headers[queues.HeaderDeadLetterTime]); err == nil {
		return died
	}
	return envelope.SentTime
}
