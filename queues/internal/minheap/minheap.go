// Package minheap is a binary heap whose items can be told their place, so that any of them can be
// moved or removed in O(log n).
package minheap

import "slices"

// Heap keeps the least item first. Make it with New.
type Heap[T any] struct {
	// Items are in chunks, because one slice would have to be copied to grow and to shrink, while the owner of the
	// heap holds a mutex as a rule: with 100 000 items that took up to 14 ms, most of it spent on marking for the
	// garbage collector, in return for so large an allocation.
	chunks []*[chunkLength]T
	length int
	less   func(a, b T) bool
	place  func(item T, index int) // tells an item where it is; -1: no longer in the heap
}

const chunkLength = 64

// New makes an empty heap. place is called whenever an item's index changes; nil if nobody wants to know.
func New[T any](less func(a, b T) bool, place func(item T, index int)) Heap[T] {
	if place == nil {
		place = func(T, int) {}
	}
	return Heap[T]{less: less, place: place}
}

// Len returns the number of items.
func (h *Heap[T]) Len() int { return h.length }

// Min returns the least item; the heap must not be empty.
func (h *Heap[T]) Min() T { return h.chunks[0][0] }

// Items returns the items in heap order: the least first, the others in no useful order.
func (h *Heap[T]) Items() []T {
	items := make([]T, h.length)
	for index := 0; index < h.length; index += chunkLength {
		copy(items[index:], h.chunks[index/chunkLength][:])
	}
	return items
}

// Push adds an item.
func (h *Heap[T]) Push(item T) {
	index := h.length
	if index == len(h.chunks)*chunkLength {
		h.chunks = append(h.chunks, new([chunkLength]T))
	}
	h.length++
	h.set(index, item)
	h.up(index)
}

// PopMin removes and returns the least item; the heap must not be empty.
func (h *Heap[T]) PopMin() T { return h.Remove(0) }

// Remove removes and returns the item at index.
func (h *Heap[T]) Remove(index int) T {
	item, last := h.at(index), h.length-1
	if index != last {
		h.set(index, h.at(last))
	}
	h.truncate(last)
	if index != last {
		h.settle(index)
	}
	h.place(item, -1)
	return item
}

// Replace puts an item in place of the one at index, which may be the same, changed. It does not tell that one.
func (h *Heap[T]) Replace(index int, item T) {
	h.set(index, item)
	h.settle(index)
}

// DeleteFunc removes the items for which gone returns true, in O(n).
func (h *Heap[T]) DeleteFunc(gone func(item T) bool) {
	kept := 0
	for index := range h.length {
		if item := h.at(index); gone(item) {
			h.place(item, -1)
		} else {
			h.set(kept, item)
			kept++
		}
	}
	h.truncate(kept)
	for index := kept/2 - 1; index >= 0; index-- {
		h.down(index)
	}
}

// Clear removes all items.
func (h *Heap[T]) Clear() {
	for index := range h.length {
		h.place(h.at(index), -1)
	}
	h.truncate(0)
}

// truncate forgets the items from index length on. Of the chunks that are not used any more it keeps one.
func (h *Heap[T]) truncate(length int) {
	var none T
	for h.length > length {
		h.length--
		h.chunks[h.length/chunkLength][h.length%chunkLength] = none
	}
	if (len(h.chunks)-2)*chunkLength < length {
		return
	}
	needed := (length+chunkLength-1)/chunkLength + 1
	clear(h.chunks[needed:])
	h.chunks = h.chunks[:needed]
	if needed < cap(h.chunks)/4 {
		h.chunks = slices.Clone(h.chunks)
	}
}

func (h *Heap[T]) at(index int) T { return h.chunks[uint(index)/chunkLength][uint(index)%chunkLength] }

func (h *Heap[T]) set(index int, item T) {
	h.chunks[uint(index)/chunkLength][uint(index)%chunkLength] = item
	h.place(item, index)
}

// settle moves the item at index to where it belongs.
func (h *Heap[T]) settle(index int) {
	if !h.up(index) {
		h.down(index)
	}
}

func (h *Heap[T]) up(index int) (moved bool) {
	item := h.at(index)
	for index > 0 {
		parent := (index - 1) / 2
		if !h.less(item, h.at(parent)) {
			break
		}
		h.set(index, h.at(parent))
		index, moved = parent, true
	}
	if moved {
		h.set(index, item)
	}
	return moved
}

func (h *Heap[T]) down(index int) {
	item := h.at(index)
	for {
		child := 2*index + 1
		if child >= h.length {
			break
		}
		if child+1 < h.length && h.less(h.at(child+1), h.at(child)) {
			child++
		}
		if !h.less(h.at(child), item) {
			break
		}
		h.set(index, h.at(child))
		index = child
	}
	h.set(index, item)
}
