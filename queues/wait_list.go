package queues

import (
	"context"
	"sync"
)

// waitList is a condition that callers wait for, in order, for as long as their ctx lives. A mutex
// guards the list and what the condition is about; it is held when any of the methods is called.
type waitList struct {
	first, last *waiter
}

type waiter struct {
	previous, next *waiter
	woken          chan struct{} // takes one signal
	listed         bool
}

// waiters are used again: a waiting call costs no allocation of its own.
var waiters = sync.Pool{New: func() any { return &waiter{woken: make(chan struct{}, 1)} }}

// wait lets go of mu until it is woken or ctx ends, and returns ctx.Err() in that case. The caller
// checks its condition again. A signal that arrives as ctx ends goes to the next in line.
func (l *waitList) wait(ctx context.Context, mu *sync.Mutex) error {
	w := waiters.Get().(*waiter)
	defer waiters.Put(w)
	l.append(w)
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
}
