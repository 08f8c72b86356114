package nats

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// longestDelay keeps times within what the server can count: nanoseconds since 1970.
const longestDelay = 100 * 365 * 24 * time.Hour

// PutDelayed stores the message on a subject of its own, until it is due.
func (s *session) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	due := time.Now().Add(min(delay, longestDelay)).UTC().Format(time.RFC3339Nano)
	if s.mover != nil {
		waiting := encode(message, s.plan.subject+dueSuffix+nuid.Next())
		waiting.Header[headerDue] = []string{due}
		return s.put(ctx, waiting)
	}
	scheduled := encode(message, s.plan.subject+laterSuffix+nuid.Next())
	scheduled.Header[jetstream.ScheduleHeader] = []string{"@at " + due}
	scheduled.Header[jetstream.ScheduleTargetHeader] = []string{s.plan.subject}
	return s.put(ctx, scheduled)
}

// laterSet is the messages that this process has given back for later. The server counts them as it
// does those that are locked.
type laterSet struct {
	mu  sync.Mutex
	due map[uint64]time.Time // by sequence
	// How many there were after those that are due were taken out, to do that each time they have doubled.
	tidied int
}

func newLaterSet() *laterSet { return &laterSet{due: map[uint64]time.Time{}} }

func (l *laterSet) add(sequence uint64, due time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due[sequence] = due
	if len(l.due) > 2*l.tidied+100 {
		l.tidy()
	}
}

// sequences lists what waits still.
func (l *laterSet) sequences() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidy()
	return slices.AppendSeq(make([]uint64, 0, len(l.due)), maps.Keys(l.due))
}

func (l *laterSet) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.due)
}

func (l *laterSet) tidy() {
	now := time.Now()
	for sequence, due := range l.due {
		if !due.After(now) {
			delete(l.due, sequence)
		}
	}
	l.tidied = len(l.due)
}
