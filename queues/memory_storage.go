package queues

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues/internal/minheap"
)

// memoryStorage keeps messages in memory, for as long as it lives: also while it is closed.
//
// Senders put messages into the intake. From there takers gather them into the list fresh, which is in
// the order of arrival. A message that was given back is in the heap returned; all of those came before
// every fresh one, so the next message is the first returned, else the first fresh, else the first in
// the intake. Taken messages are nobody's but the base's.
type memoryStorage struct {
	in *intake
	_  cacheLine

	mu       sync.Mutex  // guards the takers' side; in.mu may be locked while it is held, never the other way round
	open     atomic.Bool // changed with mu held
	purges   uint32      // as in.purges
	fresh    messageList
	returned minheap.Heap[*storedMessage]
	delayed  minheap.Heap[delayedMessage]
	handed   int64    // messages taken and not released; in.completed of them are completed
	takers   waitList // for a message

	started time.Time // due times are durations since then
	alarm   *time.Timer
	alarms  sync.WaitGroup
}

func newMemoryStorage() *memoryStorage {
	return &memoryStorage{
		in:       new(intake),
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
	StateCounter
	Purger
	BatchPutter
	DelayedPutter
	DelayedReleaser
	BatchReleaser
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
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	s.open.Store(true)
	s.in.open, s.in.limit, s.in.reject = true, params.MaxMessages, params.RejectWhenFull
	s.in.held = s.in.arrived.length + s.ready() + s.delayed.Len() + int(s.handed)
	s.in.counted = 0
	s.in.countCompleted()
	s.setAlarm()
	return nil
}

func (s *memoryStorage) Close(context.Context) error {
	s.mu.Lock()
	s.in.mu.Lock()
	s.open.Store(false)
	s.in.close()
	s.in.mu.Unlock()
	s.takers.wakeAll()
	if s.alarm != nil && s.alarm.Stop() {
		s.alarms.Done()
	}
	s.alarm = nil
	s.mu.Unlock()
	s.alarms.Wait()
	return nil
}

func (s *memoryStorage) Put(ctx context.Context, message *MessageEnvelope) error {
	return s.put(ctx, nil, message)
}

func (s *memoryStorage) PutBatch(ctx context.Context, messages []*MessageEnvelope) error {
	return s.put(ctx, nil, messages...)
}

// put stores messages, as the intake does, and wakes a taker.
func (s *memoryStorage) put(ctx context.Context, arriving func(*storedMessage), messages ...*MessageEnvelope) error {
	err := s.in.put(ctx, arriving, messages...)
	if err == nil {
		s.wakeTaker()
	}
	return err
}

// wakeTaker wakes one taker, if any waits, for what has just been put into the intake.
func (s *memoryStorage) wakeTaker() {
	if s.takers.any() {
		s.mu.Lock()
		s.takers.wakeOne()
		s.mu.Unlock()
	}
}

func (s *memoryStorage) PutDelayed(ctx context.Context, message *MessageEnvelope, delay time.Duration) error {
	stored, err := s.in.putAside(ctx, message)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored.purges != s.purges { // meanwhile
		s.makeRoom(1)
		return nil
	}
	s.delay(stored, delay)
	return nil
}

func (s *memoryStorage) Take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	n, err := s.take(ctx, dst, wait)
	turn := false
	for i := range n { // copied without the mutex: they are this call's
		stored, message := dst[i].Handle.(*storedMessage), &dst[i].Message
		room := message.Message
		stored.show(message)
		message.Message, message.Headers = copyInto(room, stored.payload), maps.Clone(stored.headers)
		turn = turn || stored.arrival%turnLength == 0
	}
	if turn {
		s.endTurn()
	}
	return n, err
}

// copyInto copies a payload into room if it fits, else elsewhere. None stays none.
func copyInto(room, payload []byte) []byte {
	if len(payload) == 0 || len(payload) > cap(room) {
		return slices.Clone(payload)
	}
	return append(room[:0], payload...)
}

func (s *memoryStorage) take(ctx context.Context, dst []Delivery, wait bool) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open.Load() && !s.hasReady() {
		if !wait {
			return 0, nil
		}
		if err := s.takers.wait(ctx, &s.mu, s.hasReady); err != nil {
			return 0, err
		}
	}
	if !s.open.Load() {
		return 0, ErrNotOpened
	}
	n := 0
	for ; n < len(dst) && s.hasReady(); n++ {
		stored := s.pop()
		stored.deliveries++
		dst[n].Count, dst[n].Handle = int(stored.deliveries), stored
	}
	s.handed += int64(n)
	if s.ready() > 0 { // a taker that was woken for one of these may find another one
		s.takers.wakeOne()
	}
	return n, nil
}

// hasReady tells whether there is a ready message on the takers' side, where it gets them if need be.
func (s *memoryStorage) hasReady() bool {
	if s.ready() == 0 {
		s.gather()
	}
	return s.ready() > 0
}

// ready counts the ready messages on the takers' side.
func (s *memoryStorage) ready() int { return s.returned.Len() + s.fresh.length }

// gather moves what has arrived to the takers' side.
func (s *memoryStorage) gather() {
	s.in.mu.Lock()
	s.fresh.join(&s.in.arrived)
	s.in.mu.Unlock()
}

func (s *memoryStorage) pop() *storedMessage {
	if s.returned.Len() > 0 {
		return s.returned.PopMin()
	}
	return s.fresh.pop()
}

// Original returns a taken message; nobody else touches it until it is settled.
func (s *memoryStorage) Original(handle any) *MessageEnvelope {
	original := new(MessageEnvelope)
	handle.(*storedMessage).show(original)
	return original
}

// Complete needs no mutex: a message that was taken is in none of the lists.
func (s *memoryStorage) Complete(_ context.Context, handle any) error {
	if !s.open.Load() {
		return ErrNotOpened
	}
	s.in.complete(handle.(*storedMessage))
	return nil
}

// makeRoom lets senders know that count messages are gone, other than completed.
func (s *memoryStorage) makeRoom(count int) {
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	s.in.release(count)
}

func (s *memoryStorage) Release(_ context.Context, handle any, counted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release(handle.(*storedMessage), counted, 0)
}

// ReleaseBatch holds the mutex for all of them: released one by one, others who want it would stand in line
// behind each, for some milliseconds when 100 000 locks run out.
func (s *memoryStorage) ReleaseBatch(_ context.Context, handles []any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.Load() {
		return ErrNotOpened
	}
	for _, handle := range handles {
		_ = s.release(handle.(*storedMessage), true, 0) // fails on closed ones only
	}
	return nil
}

func (s *memoryStorage) ReleaseDelayed(_ context.Context, handle any, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release(handle.(*storedMessage), true, delay)
}

// release puts a taken message back, with the mutex held.
func (s *memoryStorage) release(stored *storedMessage, counted bool, delay time.Duration) error {
	if !s.open.Load() {
		return ErrNotOpened
	}
	if !counted {
		stored.deliveries--
	}
	if stored.purges != s.purges {
		s.in.complete(stored)
		return nil
	}
	s.handed--
	if delay > 0 {
		s.delay(stored, delay)
		return nil
	}
	s.returned.Push(stored)
	s.takers.wakeOne()
	return nil
}
