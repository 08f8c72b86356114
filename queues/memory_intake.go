package queues

import (
	"context"
	"sync"
	"sync/atomic"
)

// intake is where senders put messages. It has a mutex of its own, and takers move what has come to
// their side in one go, so that senders and takers seldom wait for each other: with one mutex for both,
// moving messages between two goroutines on two processors took twice as long. Copies are made before it is
// locked.
type intake struct {
	mu      sync.Mutex
	open    bool
	limit   int         // of messages held in any state; 0: none
	reject  bool        // what is over the limit, rather than wait
	numbers uint64      // of messages so far
	purges  uint32      // so far
	arrived messageList // behind everything that the takers' side has
	held    int         // messages in any state, completed ones since counted included; not kept without a limit
	counted int64       // completed messages that held is without
	greedy  int         // givers that wait for room for more than one
	givers  waitList    // for room

	_         cacheLine
	spares    spares
	_         cacheLine
	completed atomic.Int64 // messages
	_         cacheLine
}

// put stores copies of messages at the end of the queue, when there is room for them. arriving, if not nil,
// is called with each before anybody else sees it, with the mutex held.
func (in *intake) put(ctx context.Context, arriving func(*storedMessage), messages ...*MessageEnvelope) error {
	copies := in.copies(messages)
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.admit(ctx, len(messages)); err != nil {
		return err
	}
	for copies.length > 0 {
		stored := copies.pop()
		if arriving != nil {
			arriving(stored)
		}
		in.arrive(stored)
	}
	return nil
}

// putAside makes a copy of a message that is not in the queue yet, when there is room for it.
func (in *intake) putAside(ctx context.Context, message *MessageEnvelope) (*storedMessage, error) {
	copies := in.copies([]*MessageEnvelope{message})
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.admit(ctx, 1); err != nil {
		return nil, err
	}
	stored := copies.pop()
	in.number(stored) // for the order of those that are due together; it gets a new one then
	return stored, nil
}

// admit waits for room and takes it, with the mutex held.
func (in *intake) admit(ctx context.Context, count int) error {
	for in.open && in.limit > 0 && !in.hasRoom(count) {
		if in.reject || count > in.limit {
			return ErrQueueFull
		}
		if count > 1 {
			in.greedy++
		}
		err := in.givers.wait(ctx, &in.mu, func() bool { return in.hasRoom(count) })
		if count > 1 {
			in.greedy--
		}
		if err != nil {
			return err
		}
	}
	if !in.open {
		return ErrNotOpened
	}
	in.held += count
	return nil
}

// close refuses messages from now on, those that wait for room included. The mutex is held.
func (in *intake) close() {
	in.open = false
	in.givers.wakeAll()
}

// hasRoom tells whether count more may be held.
func (in *intake) hasRoom(count int) bool {
	if in.held+count > in.limit {
		in.countCompleted()
	}
	return in.held+count <= in.limit
}

// countCompleted takes the messages completed since the last time off those held.
func (in *intake) countCompleted() {
	total := in.completed.Load()
	in.held -= int(total - in.counted)
	in.counted = total
}

// complete ends a message that was taken. It locks the mutex only when somebody waits for room.
func (in *intake) complete(stored *storedMessage) {
	in.spares.keep(stored)
	in.completed.Add(1)
	if in.givers.any() {
		in.mu.Lock()
		in.wakeGivers(1)
		in.mu.Unlock()
	}
}

// occupy has count messages take up room, whether there is any or not.
func (in *intake) occupy(count int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.held += count
}

// release takes count messages that went another way off those held, with the mutex held.
func (in *intake) release(count int) {
	in.held -= count
	in.wakeGivers(count)
}

// wakeGivers wakes who waits for room: if the first in line needs more than there is, others may not.
func (in *intake) wakeGivers(count int) {
	if in.greedy > 0 || count > 1 {
		in.givers.wakeAll()
	} else {
		in.givers.wakeOne()
	}
}

// arrive puts a message at the end of the queue, with the mutex held.
func (in *intake) arrive(stored *storedMessage) {
	in.number(stored)
	in.arrived.push(stored)
}

func (in *intake) number(stored *storedMessage) {
	in.numbers++
	stored.arrival, stored.purges = in.numbers, in.purges
}

// copies makes the storage's own copies of messages.
func (in *intake) copies(messages []*MessageEnvelope) (list messageList) {
	m := in.spares.borrow()
	for _, message := range messages {
		var stored *storedMessage
		stored, m = in.spares.take(m, len(message.Message))
		stored.fill(message)
		list.push(stored)
	}
	in.spares.magazines.Put(m)
	return list
}

// cacheLine keeps what one side writes all the time away from what the other side reads: one that was missing
// made senders and receivers side by side take 1.2 times as long.
type cacheLine [64]byte
