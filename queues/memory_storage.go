package queues

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues/internal/minheap"
)

// memoryStorage keeps messages in memory, for as long as it lives: also while it is closed.
//
// A message that was never taken is in the list fresh, in the order of arrival. One that was given
// back is in the heap returned; all of those came before every fresh one, so the next message is the
// first returned, else the first fresh. Taken messages are nobody's but the base's.
type memoryStorage struct {
	mu       sync.Mutex
	open     bool
	limit    int  // of messages held in any state; 0: none
	reject   bool // what is over the limit, rather than wait
	spare    spareMessages
	arrivals uint64
	purges   uint32
	held     int // messages in any state

	fresh    messageList
	returned minheap.Heap[*storedMessage]
	delayed  minheap.Heap[delayedMessage]
	started  time.Time // due times are durations since then
	alarm    *time.Timer
	alarms   sync.WaitGroup

	takers waitList // for a message
	givers waitList // for room
	greedy int      // givers that wait for room for more than one
}

// storedMessage is a message and where it stands. A backlog is made of these: 112 bytes each, by
// keeping the time as a number and the due time elsewhere.
type storedMessage struct {
	next       *storedMessage // in fresh
	arrival    uint64         // its place in the queue
	deliveries int32
	purges     uint32 // of the storage when it came: an older one has been purged

	id, correlationId, kind string
	sentTime                int64 // Unix time in nanoseconds; 0: none
	payload                 []byte
	headers                 map[string]string
}

// delayedMessage is a message that gets ready when it is due.
type delayedMessage struct {
	due time.Duration
	*storedMessage
}

func newMemoryStorage() *memoryStorage {
	return &memoryStorage{
		returned: minheap.New(func(a, b *storedMessage) bool { return a.arrival < b.arrival }, nil),
		delayed: minheap.New(func(a, b delayedMessage) bool {
			return a.due < b.due || a.due == b.due && a.arrival < b.arrival
		}, nil),
		started: time.Now(),
	}
}

var _ interface {
	Storage
	Looker
	Counter
	Purger
	BatchPutter
	DelayedPutter
	DelayedReleaser
	SiblingMaker
	OriginalKeeper
} = (*memoryStorage)(nil)

func (s *memoryStorage) Traits() Traits {
	return Traits{Locks: LocksByBase, Ordered: true, Local: true}
}

func (s *memoryStorage) Sibling(string) Storage { return newMemoryStorage() }

func (s *memoryStorage) Open(_ context.Context, params StorageParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.limit, s.reject = true, params.MaxMessages, params.RejectWhenFull
	s.setAlarm()
	return nil
}

func (s *memoryStorage) Close(context.Context) error {
	s.mu.Lock()
	s.open = false
	s.takers.wakeAll()
	s.givers.wakeAll()
	if s.alarm != nil && s.alarm.Stop() {
		s.alarms.Done()
	}
	s.alarm = nil
	s.mu.Unlock()
	s.alarms.Wait()
	return nil
}

func (s *memoryStorage) Put(ctx context.Context, message *MessageEnvelope) error {
	return s.put(ctx, 1, func() { s.append(message) })
}

func (s *memoryStorage) PutBatch(ctx context.Context, messages []*MessageEnvelope) error {
	return s.put(ctx, len(messages), func() {
		for _, message := range messages {
			s.append(message)
		}
	})
}

func (s *memoryStorage) PutDelayed(ctx context.Context, message *MessageEnvelope, delay time.Duration) error {
	return s.put(ctx, 1, func() { s.delay(s.store(message), delay) })
}

// put calls store, with the mutex held, when there is room for count messages.
func (s *memoryStorage) put(ctx context.Context, count int, store func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open && s.limit > 0 && s.held+count > s.limit {
		if s.reject || count > s.limit {
			return ErrQueueFull
		}
		if count > 1 {
			s.greedy++
		}
		err := s.givers.wait(ctx, &s.mu)
		if count > 1 {
			s.greedy--
		}
		if err != nil {
			return err
		}
	}
	if !s.open {
		return ErrNotOpened
	}
	store()
	return nil
}

// append stores a message at the end of the queue.
func (s *memoryStorage) append(message *MessageEnvelope) *storedMessage {
	stored := s.store(message)
	s.arrivals++
	stored.arrival = s.arrivals
	s.fresh.push(stored)
	s.takers.wakeOne()
	return stored
}

// store makes the storage's own copy of a message.
func (s *memoryStorage) store(message *MessageEnvelope) *storedMessage {
	s.held++
	var sentTime int64
	if !message.SentTime.IsZero() {
		sentTime = message.SentTime.UnixNano()
	}
	stored := s.spare.get() // clean but for the memory of its payload
	stored.purges = s.purges
	stored.id = message.MessageId
	stored.correlationId = message.CorrelationId
	stored.kind = message.MessageType
	stored.sentTime = sentTime
	stored.headers = maps.Clone(message.Headers)
	switch {
	case message.Message == nil:
		stored.payload = nil
	case len(message.Message) == 0:
		stored.payload = []byte{}
	default:
		stored.payload = append(stored.payload[:0], message.Message...)
	}
	return stored
}

func (s *memoryStorage) Take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	n, err := s.take(ctx, dst, wait)
	for i := range n { // copied without the mutex: they are this call's
		stored, message := dst[i].Handle.(*storedMessage), &dst[i].Message
		stored.show(message)
		message.Message, message.Headers = slices.Clone(stored.payload), maps.Clone(stored.headers)
	}
	return n, err
}

func (s *memoryStorage) take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open && s.ready() == 0 {
		if !wait {
			return 0, nil
		}
		if err := s.takers.wait(ctx, &s.mu); err != nil {
			return 0, err
		}
	}
	if !s.open {
		return 0, ErrNotOpened
	}
	n := 0
	for ; n < len(dst) && s.ready() > 0; n++ {
		stored := s.pop()
		stored.deliveries++
		dst[n].Count, dst[n].Handle = int(stored.deliveries), stored
	}
	if s.ready() > 0 { // a taker that was woken for one of these may find another one
		s.takers.wakeOne()
	}
	return n, nil
}

// Original returns a taken message; nobody else touches it until it is settled.
func (s *memoryStorage) Original(handle any) *MessageEnvelope {
	original := new(MessageEnvelope)
	handle.(*storedMessage).show(original)
	return original
}

func (s *memoryStorage) ready() int { return s.returned.Len() + s.fresh.length }

func (s *memoryStorage) pop() *storedMessage {
	if s.returned.Len() > 0 {
		return s.returned.PopMin()
	}
	return s.fresh.pop()
}

// show fills in an empty envelope that shares payload and headers with the stored message.
func (m *storedMessage) show(envelope *MessageEnvelope) {
	envelope.CorrelationId = m.correlationId
	envelope.MessageId = m.id
	envelope.MessageType = m.kind
	envelope.Message = m.payload
	envelope.Headers = m.headers
	if m.sentTime != 0 {
		envelope.SentTime = time.Unix(0, m.sentTime).UTC()
	}
}

func (s *memoryStorage) Complete(_ context.Context, handle any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return ErrNotOpened
	}
	s.end(handle.(*storedMessage))
	return nil
}

// end forgets a taken message.
func (s *memoryStorage) end(stored *storedMessage) {
	s.held--
	s.spare.put(stored)
	s.roomMade()
}

// roomMade wakes who waits for room: if the first in line needs more than there is, others may not.
func (s *memoryStorage) roomMade() {
	if s.greedy > 0 {
		s.givers.wakeAll()
	} else {
		s.givers.wakeOne()
	}
}

func (s *memoryStorage) Release(_ context.Context, handle any, counted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release(handle.(*storedMessage), counted, 0)
}

func (s *memoryStorage) ReleaseDelayed(_ context.Context, handle any, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release(handle.(*storedMessage), true, delay)
}

// release puts a taken message back, with the mutex held.
func (s *memoryStorage) release(stored *storedMessage, counted bool, delay time.Duration) error {
	if !s.open {
		return ErrNotOpened
	}
	if !counted {
		stored.deliveries--
	}
	switch {
	case stored.purges != s.purges:
		s.end(stored)
	case delay > 0:
		s.delay(stored, delay)
	default:
		s.returned.Push(stored)
		s.takers.wakeOne()
	}
	return nil
}

// delay makes a message ready later.
func (s *memoryStorage) delay(stored *storedMessage, delay time.Duration) {
	if stored.deliveries == 0 {
		s.arrivals++
		stored.arrival = s.arrivals // for the order of those that are due together; it gets a new one then
	}
	s.delayed.Push(delayedMessage{later(time.Since(s.started), delay), stored})
	if s.delayed.Min().storedMessage == stored {
		s.setAlarm()
	}
}

// setAlarm sets the one timer to when the next delayed message is due.
func (s *memoryStorage) setAlarm() {
	if s.alarm != nil && s.alarm.Stop() {
		s.alarms.Done()
	}
	s.alarm = nil
	if s.delayed.Len() == 0 {
		return
	}
	s.alarms.Add(1)
	s.alarm = time.AfterFunc(max(0, s.delayed.Min().due-time.Since(s.started)), func() {
		defer s.alarms.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.makeReady()
	})
}

// makeReady moves what is due from delayed to its place: the old one of a message that was delivered
// before, else the end of the queue.
func (s *memoryStorage) makeReady() {
	if !s.open {
		return
	}
	now := time.Since(s.started)
	for s.delayed.Len() > 0 && s.delayed.Min().due <= now {
		stored := s.delayed.PopMin().storedMessage
		if stored.deliveries > 0 {
			s.returned.Push(stored)
		} else {
			s.arrivals++
			stored.arrival = s.arrivals
			s.fresh.push(stored)
		}
		s.takers.wakeOne()
	}
	s.setAlarm()
}

func (s *memoryStorage) Look(_ context.Context, max int) ([]*MessageEnvelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return nil, ErrNotOpened
	}
	stored := s.first(min(max, s.ready()))
	envelopes := make([]*MessageEnvelope, len(stored))
	for i := range stored {
		envelopes[i] = new(MessageEnvelope)
		stored[i].show(envelopes[i])
		envelopes[i] = envelopes[i].Clone() // it may be taken, settled and used again as soon as the mutex is free
	}
	return envelopes, nil
}

// first lists the first count ready messages.
func (s *memoryStorage) first(count int) []*storedMessage {
	returned := slices.Clone(s.returned.Items())
	slices.SortFunc(returned, func(a, b *storedMessage) int {
		if a.arrival < b.arrival {
			return -1
		}
		return 1
	})
	found := returned[:min(count, len(returned))]
	for stored := s.fresh.first; len(found) < count; stored = stored.next {
		found = append(found, stored)
	}
	return found
}

func (s *memoryStorage) Count(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return 0, ErrNotOpened
	}
	return int64(s.ready()), nil
}

func (s *memoryStorage) Purge(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return ErrNotOpened
	}
	s.purges++
	s.held -= s.ready() + s.delayed.Len()
	s.fresh = messageList{}
	s.returned.Clear()
	s.delayed.Clear()
	s.setAlarm()
	s.givers.wakeAll()
	return nil
}

// drop removes messages in any state, with the mutex held. Taken ones are gone when they are released.
func (s *memoryStorage) drop(gone map[*storedMessage]bool) {
	if len(gone) == 0 {
		return
	}
	kept := messageList{}
	for s.fresh.length > 0 {
		if stored := s.fresh.pop(); !gone[stored] {
			kept.push(stored)
		}
	}
	s.fresh = kept
	s.returned.DeleteFunc(func(stored *storedMessage) bool { return gone[stored] })
	s.delayed.DeleteFunc(func(delayed delayedMessage) bool { return gone[delayed.storedMessage] })
	s.held -= len(gone)
	s.givers.wakeAll()
	s.setAlarm()
}

// spareMessages are messages that are done, kept with their payload's memory to be used again: a queue
// that is emptied as fast as it is filled allocates nothing for what it stores.
type spareMessages struct {
	messageList
}

// How much is kept.
const (
	maxSpares       = 256
	maxSparePayload = 1 << 10 // bytes
)

func (l *spareMessages) get() *storedMessage {
	if l.length == 0 {
		return new(storedMessage)
	}
	return l.pop()
}

func (l *spareMessages) put(stored *storedMessage) {
	if l.length < maxSpares && cap(stored.payload) <= maxSparePayload {
		stored.clean()
		l.push(stored)
	}
}

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
