package queues

import (
	"context"
	"sync"
	"sync/atomic"
)

// waitList is a condition that callers wait for, in order, for as long as their ctx lives. A mutex
// guards the list and what the condition is about; it is held when any of the methods is called.
type waitList struct {
	_      cacheLine
	length atomic.Int32 // for any
	_      cacheLine

	first, last *waiter
	spare       *waiter // waiters that are done, to be used again; a list by next
	spares      int
}

// maxSpareWaiters is how many waiters a list keeps.
const maxSpareWaiters = 64

type waiter struct {
	previous, next *waiter
	woken          chan struct{} // takes one signal
	listed         bool
}

// any tells whether somebody waits. It needs no mutex: who changes the condition and then finds nobody
// may be sure that a caller of wait who comes later finds it changed, by holds.
func (l *waitList) any() bool { return l.length.Load() > 0 }

// wait lets go of mu until it is woken or ctx ends, and returns ctx.Err() in that case. The caller
// checks its condition again. A signal that arrives as ctx ends goes to the next in line. It does not wait
// if holds, asked once it is in the list, says that the condition has come true without the mutex.
func (l *waitList) wait(ctx context.Context, mu *sync.Mutex, holds func() bool) error {
	w := l.newWaiter()
	defer l.dropWaiter(w)
	l.append(w)
	if holds() {
		l.remove(w)
		return nil
	}
	mu.Unlock()
	select {
	case <-w.woken:
		mu.Lock()
		return nil
	case <-ctx.Done():
		mu.Lock()
	}
	if w.listed {
		l.remove(w)
	} else {
		<-w.woken
		l.wakeOne()
	}
	return ctx.Err()
}

// newWaiter makes a waiter or takes a spare one: a waiting call costs no allocation here. (Spares of all
// lists together would not do: a channel made inside a testing/synctest bubble stays in it.)
func (l *waitList) newWaiter() *waiter {
	w := l.spare
	if w == nil {
		return &waiter{woken: make(chan struct{}, 1)}
	}
	l.spare, w.next = w.next, nil
	l.spares--
	return w
}

func (l *waitList) dropWaiter(w *waiter) {
	if l.spares < maxSpareWaiters {
		w.next, l.spare = l.spare, w
		l.spares++
	}
}

// wakeOne wakes the one that has waited longest, if any.
func (l *waitList) wakeOne() {
	if w := l.first; w != nil {
		l.remove(w)
		w.woken <- struct{}{}
	}
}

// wakeAll wakes everyone.
func (l *waitList) wakeAll() {
	for l.first != nil {
		l.wakeOne()
	}
}

func (l *waitList) append(w *waiter) {
	w.previous, w.next, w.listed = l.last, nil, true
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.length.Add(1)
}

func (l *waitList) remove(w *waiter) {
	if w.previous == nil {
		l.first = w.next
	} else {
		w.previous.next = w.next
	}
	if w.next == nil {
		l.last = w.previous
	} else {
		w.next.previous = w.previous
	}
	w.previous, w.next, w.listed = nil, nil, false
	l.length.Add(-1)
}
