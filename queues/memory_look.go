package queues

import (
	"context"
	"slices"
)

func (s *memoryStorage) Look(_ context.Context, max int) ([]*MessageEnvelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.Load() {
		return nil, ErrNotOpened
	}
	s.gather()
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
	returned := s.returned.Items()
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
	ready, _, _, err := s.CountByState(context.Background())
	return ready, err
}

func (s *memoryStorage) CountByState(context.Context) (ready, locked, delayed int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.Load() {
		return 0, 0, 0, ErrNotOpened
	}
	s.gather()
	return int64(s.ready()), s.handed - s.in.completed.Load(), int64(s.delayed.Len()), nil
}

func (s *memoryStorage) Purge(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.Load() {
		return ErrNotOpened
	}
	s.in.mu.Lock()
	s.in.purges++
	s.purges = s.in.purges
	s.in.release(s.in.arrived.length + s.ready() + s.delayed.Len())
	s.in.arrived = messageList{}
	s.in.mu.Unlock()
	s.fresh = messageList{}
	s.returned.Clear()
	s.delayed.Clear()
	s.setAlarm()
	return nil
}

// drop removes messages in any state, with the mutex held. Taken ones are gone when they are released.
func (s *memoryStorage) drop(gone map[*storedMessage]bool) {
	if len(gone) == 0 {
		return
	}
	s.gather()
	before := s.ready() + s.delayed.Len()
	kept := messageList{}
	for s.fresh.length > 0 {
		if stored := s.fresh.pop(); !gone[stored] {
			kept.push(stored)
		}
	}
	s.fresh = kept
	s.returned.DeleteFunc(func(stored *storedMessage) bool { return gone[stored] })
	s.delayed.DeleteFunc(func(delayed delayedMessage) bool { return gone[delayed.storedMessage] })
	s.handed -= int64(len(gone) - (before - s.ready() - s.delayed.Len()))
	s.setAlarm()
	s.makeRoom(len(gone))
}
