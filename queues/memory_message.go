package queues

import (
	"maps"
	"math"
	"time"
)

// storedMessage is a message in memory and where it stands. A backlog is made of these: 112 bytes each,
// by keeping the time as a number and the due time elsewhere.
type storedMessage struct {
	next       *storedMessage // in a messageList
	arrival    uint64         // its place in the queue
	deliveries int32
	purges     uint32 // of the storage when it came: an older one has been purged

	id, correlationId, kind string
	sentTime                int64 // see nanoseconds
	payload                 []byte
	headers                 map[string]string
}

// newStoredMessage makes a clean message for a payload of that many bytes. A small one gets its room in the same
// allocation. That takes no more memory than an allocation of its own, and is one thing less to be marked by the
// garbage collector and fetched by a taker: over 1 000 000 waiting messages, Send, Receive and Complete take 650 ns
// instead of 730.
func newStoredMessage(payload int) *storedMessage {
	switch (payload + 15) / 16 {
	case 1:
		m := new(struct {
			storedMessage
			room [16]byte
		})
		return m.withRoom(m.room[:])
	case 2:
		m := new(struct {
			storedMessage
			room [32]byte
		})
		return m.withRoom(m.room[:])
	case 3:
		m := new(struct {
			storedMessage
			room [48]byte
		})
		return m.withRoom(m.room[:])
	case 4:
		m := new(struct {
			storedMessage
			room [64]byte
		})
		return m.withRoom(m.room[:])
	case 5:
		m := new(struct {
			storedMessage
			room [80]byte
		})
		return m.withRoom(m.room[:])
	case 6:
		m := new(struct {
			storedMessage
			room [96]byte
		})
		return m.withRoom(m.room[:])
	case 7:
		m := new(struct {
			storedMessage
			room [112]byte
		})
		return m.withRoom(m.room[:])
	default:
		return new(storedMessage)
	}
}

func (m *storedMessage) withRoom(room []byte) *storedMessage {
	m.payload = room[:0]
	return m
}

// fill makes a clean message a copy of an envelope.
func (m *storedMessage) fill(envelope *MessageEnvelope) {
	m.id = envelope.MessageId
	m.correlationId = envelope.CorrelationId
	m.kind = envelope.MessageType
	m.sentTime = nanoseconds(envelope.SentTime)
	m.headers = maps.Clone(envelope.Headers)
	switch {
	case envelope.Message == nil:
		m.payload = nil
	case len(envelope.Message) == 0:
		m.payload = []byte{}
	default:
		m.payload = append(m.payload[:0], envelope.Message...)
	}
}

// noTime stands for the zero time.Time.
const noTime = math.MinInt64

// Unix times, in seconds, between which a number of nanoseconds has room: 1677 to 2262.
const (
	earliest = math.MinInt64/int64(time.Second) + 1
	latest   = math.MaxInt64/int64(time.Second) - 1
)

// nanoseconds returns the Unix time in nanoseconds. What has no room becomes the nearest that has: only a source that
// pushes messages brings any.
func nanoseconds(t time.Time) int64 {
	seconds := t.Unix()
	switch {
	case earliest <= seconds && seconds <= latest:
		return t.UnixNano()
	case t.IsZero():
		return noTime
	case seconds < earliest:
		return noTime + 1
	default:
		return math.MaxInt64
	}
}

// show fills in an empty envelope that shares payload and headers with the message.
func (m *storedMessage) show(envelope *MessageEnvelope) {
	envelope.CorrelationId = m.correlationId
	envelope.MessageId = m.id
	envelope.MessageType = m.kind
	envelope.Message = m.payload
	envelope.Headers = m.headers
	if m.sentTime != noTime {
		envelope.SentTime = time.Unix(0, m.sentTime).UTC()
	}
}

// maxSparePayload is how many bytes of memory for a payload a clean message may have.
const maxSparePayload = 1 << 10

// clean empties a message but for the memory of its payload.
func (m *storedMessage) clean() {
	m.id, m.correlationId, m.kind, m.headers = "", "", "", nil
	m.deliveries = 0
}

// messageList is a first-in-first-out list of messages.
type messageList struct {
	first, last *storedMessage
	length      int
}

func (l *messageList) push(stored *storedMessage) {
	if l.last == nil {
		l.first = stored
	} else {
		l.last.next = stored
	}
	l.last = stored
	l.length++
}

func (l *messageList) pop() *storedMessage {
	stored := l.first
	l.first, stored.next = stored.next, nil
	if l.first == nil {
		l.last = nil
	}
	l.length--
	return stored
}

// join moves the messages of another list to the end of this one.
func (l *messageList) join(other *messageList) {
	if other.length == 0 {
		return
	}
	if l.last == nil {
		l.first = other.first
	} else {
		l.last.next = other.first
	}
	l.last = other.last
	l.length += other.length
	*other = messageList{}
}
