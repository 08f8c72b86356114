package kafka

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// agenda is things to do at their time, those first that are due first, and of those the one that came first.
// Who uses it guards it.
type agenda[T any] struct {
	items  appointments[T]
	number uint64
}

type appointment[T any] struct {
	due    time.Time
	number uint64
	what   T
}

func (a *agenda[T]) put(due time.Time, what T) {
	a.number++
	heap.Push(&a.items, appointment[T]{due, a.number, what})
}

// takeDue takes out what is due, at most so many.
func (a *agenda[T]) takeDue(now time.Time, most int) (due []T) {
	for len(a.items) > 0 && len(due) < most && !a.items[0].due.After(now) {
		due = append(due, heap.Pop(&a.items).(appointment[T]).what)
	}
	return due
}

// next is when the first is due; false if there is none.
func (a *agenda[T]) next() (due time.Time, found bool) {
	if len(a.items) == 0 {
		return time.Time{}, false
	}
	return a.items[0].due, true
}

// takeLast takes out those that are due last, at most so many.
func (a *agenda[T]) takeLast(most int) []appointment[T] {
	slices.SortFunc(a.items, compareAppointments[T]) // which is a heap, too
	at := max(0, len(a.items)-most)
	last := slices.Clone(a.items[at:])
	clear(a.items[at:])
	a.items = a.items[:at]
	return last
}

// takeIf takes out those for which wanted is true.
func (a *agenda[T]) takeIf(wanted func(T) bool) (taken []appointment[T]) {
	kept := a.items[:0:0]
	for _, item := range a.items {
		if wanted(item.what) {
			taken = append(taken, item)
		} else {
			kept = append(kept, item)
		}
	}
	if len(taken) > 0 {
		a.items = kept
		heap.Init(&a.items)
	}
	return taken
}

func compareAppointments[T any](a, b appointment[T]) int {
	return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.number, b.number))
}

// appointments is the heap of an agenda.
type appointments[T any] []appointment[T]

func (a appointments[T]) Len() int           { return len(a) }
func (a appointments[T]) Less(i, j int) bool { return compareAppointments(a[i], a[j]) < 0 }
func (a appointments[T]) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *appointments[T]) Push(x any)        { *a = append(*a, x.(appointment[T])) }
func (a *appointments[T]) Pop() any {
	last := len(*a) - 1
	item := (*a)[last]
	(*a)[last] = appointment[T]{}
	*a = (*a)[:last]
	return item
}
