package queues

import (
	"time"
)

// delayedMessage is a message that gets ready when it is due.
type delayedMessage struct {
	due time.Duration
	*storedMessage
}

// delay makes a message ready later, with the mutex held.
func (s *memoryStorage) delay(stored *storedMessage, delay time.Duration) {
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
	if !s.open.Load() {
		return
	}
	now := time.Since(s.started)
	for s.delayed.Len() > 0 && s.delayed.Min().due <= now {
		stored := s.delayed.PopMin().storedMessage
		if stored.deliveries > 0 {
			s.returned.Push(stored)
		} else {
			s.in.mu.Lock()
			s.in.arrive(stored)
			s.in.mu.Unlock()
		}
		s.takers.wakeOne()
	}
	s.setAlarm()
}
