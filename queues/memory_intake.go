package queues

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// intake is where senders put messages. It has a mutex of its own, and takers move what has come to
// their side in one go, so that senders and takers seldom wait for each other: with one mutex for both,
// moving messages between two goroutines on two processors took twice as long.
type intake struct {
	mu       sync.Mutex
	open     bool
	limit    int  // of messages held in any state; 0: none
	reject   bool // what is over the limit, rather than wait
	arrivals uint64
	purges   uint32
	arrived  messageList // in the order of arrival, behind everything that the takers' side has
	spare    messageList // messages that are done, clean
	held     int         // messages in any state, those that freed counts included; not kept without a limit
	greedy   int         // givers that wait for room for more than one
	givers   waitList    // for room

	_     cacheLine
	freed atomic.Int64 // messages that are gone: the takers' news for held
	_     cacheLine
}

// cacheLine keeps what one side writes all the time away from what the other side reads.
type cacheLine [64]byte

// put calls store, with the mutex held, when there is room for count messages.
func (in *intake) put(ctx context.Context, count int, store func()) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.admit(ctx, count); err != nil {
		return err
	}
	store()
	return nil
}

// admit waits for room and takes it.
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

// hasRoom tells whether count more may be held.
func (in *intake) hasRoom(count int) bool {
	if in.held+count > in.limit {
		in.held -= int(in.freed.Swap(0))
	}
	return in.held+count <= in.limit
}

// roomMade notes, without the mutex, that count messages are gone, and wakes who waits for room: if the
// first in line needs more than there is, others may not.
func (in *intake) roomMade(count int) {
	if in.freed.Add(int64(count)); !in.givers.any() {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.greedy > 0 || count > 1 {
		in.givers.wakeAll()
	} else {
		in.givers.wakeOne()
	}
}

// occupy has count messages take up room, whether there is any or not.
func (in *intake) occupy(count int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.held += count
}

// append stores a copy of a message at the end of the queue, with the mutex held. own is what copyLarge
// has made of its payload.
func (in *intake) append(message *MessageEnvelope, own []byte) *storedMessage {
	stored := in.store(message, own)
	in.arrive(stored)
	return stored
}

// arrive puts a stored message at the end of the queue, with the mutex held.
func (in *intake) arrive(stored *storedMessage) {
	stored.arrival = in.nextArrival()
	in.arrived.push(stored)
}

func (in *intake) nextArrival() uint64 {
	in.arrivals++
	return in.arrivals
}

// store makes the storage's own copy of a message, with the mutex held.
func (in *intake) store(message *MessageEnvelope, own []byte) *storedMessage {
	var stored *storedMessage
	if in.spare.length > 0 {
		stored = in.spare.pop()
	} else {
		stored = new(storedMessage)
	}
	stored.purges = in.purges
	stored.fill(message, own)
	return stored
}

// reuse takes messages that are done as spares, with the mutex held.
func (in *intake) reuse(done *messageList) {
	if in.spare.length+done.length > maxSpares {
		*done = messageList{}
	}
	in.spare.join(done)
}

// copyLarge copies a payload that is too large to be copied with a mutex held; nil for a small one.
func copyLarge(payload []byte) []byte {
	if len(payload) <= maxSparePayload {
		return nil
	}
	return slices.Clone(payload)
}
