// Package minheap is a binary heap whose items can be told their place, so that any of them can be
// moved or removed in O(log n).
package minheap

// Heap keeps the least item first. Make it with New.
type Heap[T any] struct {
	items []T
	less  func(a, b T) bool
	place func(item T, index int) // tells an item where it is; -1: no longer in the heap
}

// New makes an empty heap. place is called whenever an item's index changes; nil if nobody wants to know.
func New[T any](less func(a, b T) bool, place func(item T, index int)) Heap[T] {
	if place == nil {
		place = func(T, int) {}
	}
	return Heap[T]{less: less, place: place}
}

// Len returns the number of items.
func (h *Heap[T]) Len() int { return len(h.items) }

// Min returns the least item; the heap must not be empty.
func (h *Heap[T]) Min() T { return h.items[0] }

// Items returns the items in heap order: the least first, the others in no useful order. The slice is
// the heap's own and valid until its next change.
func (h *Heap[T]) Items() []T { return h.items }

// Push adds an item.
func (h *Heap[T]) Push(item T) {
	h.items = append(h.items, item)
	h.place(item, len(h.items)-1)
	h.up(len(h.items) - 1)
}

// PopMin removes and returns the least item; the heap must not be empty.
func (h *Heap[T]) PopMin() T { return h.Remove(0) }

// Remove removes and returns the item at index.
func (h *Heap[T]) Remove(index int) T {
	item, last := h.items[index], len(h.items)-1
	if index != last {
		h.set(index, h.items[last])
	}
	var none T
	h.items[last] = none
	h.items = h.items[:last]
	if index != last {
		h.Fix(index)
	}
	h.place(item, -1)
	h.shrink()
	return item
}

// Fix restores the order after the item at index has changed.
func (h *Heap[T]) Fix(index int) {
	if !h.up(index) {
		h.down(index)
	}
}

// DeleteFunc removes the items for which gone returns true, in O(n).
func (h *Heap[T]) DeleteFunc(gone func(item T) bool) {
	kept := h.items[:0]
	for _, item := range h.items {
		if gone(item) {
			h.place(item, -1)
		} else {
			kept = append(kept, item)
		}
	}
	clear(h.items[len(kept):])
	h.items = kept
	for index := range h.items {
		h.place(h.items[index], index)
	}
	for index := len(h.items)/2 - 1; index >= 0; index-- {
		h.down(index)
	}
	h.shrink()
}

// Clear removes all items.
func (h *Heap[T]) Clear() {
	for _, item := range h.items {
		h.place(item, -1)
	}
	h.items = nil
}

// minCapacity is what a drained heap keeps.
const minCapacity = 64

// shrink gives memory back when three quarters of it are unused.
func (h *Heap[T]) shrink() {
	if cap(h.items) > minCapacity && len(h.items) <= cap(h.items)/4 {
		h.items = append(make([]T, 0, max(2*len(h.items), minCapacity)), h.items...)
	}
}

func (h *Heap[T]) set(index int, item T) {
	h.items[index] = item
	h.place(item, index)
}

func (h *Heap[T]) up(index int) (moved bool) {
	item := h.items[index]
	for index > 0 {
		parent := (index - 1) / 2
		if !h.less(item, h.items[parent]) {
			break
		}
		h.set(index, h.items[parent])
		index, moved = parent, true
	}
	if moved {
		h.set(index, item)
	}
	return moved
}

func (h *Heap[T]) down(index int) {
	item := h.items[index]
	for {
		child := 2*index + 1
		if child >= len(h.items) {
			break
		}
		if child+1 < len(h.items) && h.less(h.items[child+1], h.items[child]) {
			child++
		}
		if !h.less(h.items[child], item) {
			break
		}
		h.set(index, h.items[child])
		index = child
	}
	h.set(index, item)
}
