package queues

import "sync"

// spares are messages that are completed, kept with the memory of their payloads for the copies of new ones: a
// queue that is emptied as fast as it is filled allocates nothing for what it stores. Each processor has a
// magazine of its own; full ones go from where messages are completed to where they are sent, by the depot.
// (J. Bonwick and J. Adams, "Magazines and Vmem", 2001.)
type spares struct {
	magazines sync.Pool // of *magazine, neither full nor empty as a rule

	mu    sync.Mutex
	depot []*magazine // full ones
}

type magazine struct {
	count    int
	messages [magazineLength]*storedMessage
}

const (
	magazineLength = 63 // 512 bytes
	maxDepot       = 4  // what is more goes to the garbage collector
)

func (s *spares) borrow() *magazine {
	if m, ok := s.magazines.Get().(*magazine); ok {
		return m
	}
	return new(magazine)
}

// keep takes a message that is nobody's any more, unless its payload is large.
func (s *spares) keep(stored *storedMessage) {
	if cap(stored.payload) > maxSparePayload {
		return
	}
	stored.clean()
	m := s.borrow()
	if m.count == magazineLength {
		m = s.exchangeFull(m)
	}
	m.messages[m.count] = stored
	m.count++
	s.magazines.Put(m)
}

// take returns a clean message from m, which it may exchange for another magazine.
func (s *spares) take(m *magazine, size int) (*storedMessage, *magazine) {
	if m.count == 0 {
		m = s.exchangeEmpty(m)
	}
	if m.count == 0 {
		return newStoredMessage(size), m
	}
	m.count--
	stored := m.messages[m.count]
	m.messages[m.count] = nil
	return stored, m
}

func (s *spares) exchangeFull(full *magazine) (empty *magazine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.depot) < maxDepot {
		s.depot = append(s.depot, full)
		return new(magazine)
	}
	*full = magazine{}
	return full
}

func (s *spares) exchangeEmpty(empty *magazine) *magazine {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.depot) == 0 {
		return empty
	}
	last := len(s.depot) - 1
	full := s.depot[last]
	s.depot[last] = nil
	s.depot = s.depot[:last]
	return full
}
