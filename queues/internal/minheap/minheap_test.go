package minheap

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type item struct {
	value int
	place int
}

func newHeap() Heap[*item] {
	return New(
		func(a, b *item) bool { return a.value < b.value },
		func(item *item, index int) { item.place = index },
	)
}

// heapTest does random things to a heap and to a plain list of the same items.
type heapTest struct {
	heap Heap[*item]
	list []*item
	gone []*item
}

func (c *heapTest) Push(t *rapid.T) {
	pushed := &item{value: rapid.IntRange(0, 20).Draw(t, "value"), place: -1}
	c.heap.Push(pushed)
	c.list = append(c.list, pushed)
}

func (c *heapTest) PushMany(t *rapid.T) {
	for range rapid.IntRange(1, 80).Draw(t, "count") {
		c.Push(t)
	}
}

func (c *heapTest) PopMin(t *rapid.T) {
	if len(c.list) == 0 {
		t.Skip()
	}
	least := slices.MinFunc(c.list, func(a, b *item) int { return a.value - b.value }).value
	require.Equal(t, least, c.heap.Min().value)
	popped := c.heap.PopMin()
	require.Equal(t, least, popped.value)
	c.remove(popped)
}

func (c *heapTest) PopAll(t *rapid.T) {
	values := []int{}
	for c.heap.Len() > 0 {
		popped := c.heap.PopMin()
		values = append(values, popped.value)
		c.remove(popped)
	}
	require.True(t, slices.IsSorted(values))
	require.Empty(t, c.list)
}

func (c *heapTest) remove(removed *item) {
	c.gone = append(c.gone, removed)
	c.list = slices.DeleteFunc(c.list, func(other *item) bool { return other == removed })
}

func (c *heapTest) pick(t *rapid.T) *item {
	if len(c.list) == 0 {
		t.Skip()
	}
	return c.list[rapid.IntRange(0, len(c.list)-1).Draw(t, "item")]
}

func (c *heapTest) Remove(t *rapid.T) {
	picked := c.pick(t)
	require.Same(t, picked, c.heap.Remove(picked.place))
	c.remove(picked)
}

func (c *heapTest) Change(t *rapid.T) {
	picked := c.pick(t)
	picked.value = rapid.IntRange(0, 20).Draw(t, "value")
	c.heap.Replace(picked.place, picked)
}

func (c *heapTest) DeleteFunc(t *rapid.T) {
	least := rapid.IntRange(0, 25).Draw(t, "least")
	gone := func(item *item) bool { return item.value >= least }
	c.heap.DeleteFunc(gone)
	for _, item := range slices.Clone(c.list) {
		if gone(item) {
			c.remove(item)
		}
	}
}

func (c *heapTest) Clear(*rapid.T) {
	c.heap.Clear()
	c.gone = append(c.gone, c.list...)
	c.list = nil
}

func (c *heapTest) Check(t *rapid.T) {
	require.Equal(t, len(c.list), c.heap.Len())
	items := c.heap.Items()
	for _, item := range c.list {
		if items[item.place] != item {
			t.Fatalf("an item is not at its place, %d", item.place)
		}
	}
	for index, item := range items {
		if parent := items[max(0, (index-1)/2)]; item.value < parent.value {
			t.Fatalf("the item at %d is less than its parent", index)
		}
	}
	for _, item := range c.gone {
		if item.place != -1 {
			t.Fatalf("an item that is gone thinks that it is at %d", item.place)
		}
	}
}

func TestHeapBehavesAsAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		t.Repeat(rapid.StateMachineActions(&heapTest{heap: newHeap()}))
	})
}

func TestHeapWithoutPlaces(t *testing.T) {
	t.Parallel()
	heap := New(func(a, b int) bool { return a < b }, nil)
	for _, value := range []int{3, 1, 2} {
		heap.Push(value)
	}
	require.Equal(t, 1, heap.PopMin())
	require.Equal(t, 2, heap.PopMin())
	require.Equal(t, 3, heap.PopMin())
	require.Zero(t, heap.Len())
}

func TestHeapGivesMemoryBack(t *testing.T) {
	t.Parallel()
	const many = 100_000
	for name, empty := range map[string]func(heap *Heap[*item]){
		"when it is emptied one by one": func(heap *Heap[*item]) {
			for heap.Len() > 0 {
				heap.PopMin()
			}
		},
		"when it is emptied from the end": func(heap *Heap[*item]) {
			for heap.Len() > 0 {
				heap.Remove(heap.Len() - 1)
			}
		},
		"when most of it is deleted": func(heap *Heap[*item]) {
			heap.DeleteFunc(func(item *item) bool { return item.value > 5 })
		},
		"when it is cleared": func(heap *Heap[*item]) { heap.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heap := newHeap()
			for value := range many {
				heap.Push(&item{value: value})
			}
			empty(&heap)
			require.LessOrEqual(t, len(heap.chunks), 2)
			require.LessOrEqual(t, cap(heap.chunks), 16)
		})
	}
}

func TestHeapForgetsWhatIsRemoved(t *testing.T) {
	t.Parallel()
	heap := newHeap()
	for value := range 10 {
		heap.Push(&item{value: value})
	}
	for range 5 {
		heap.PopMin()
	}
	heap.DeleteFunc(func(item *item) bool { return item.value > 7 })
	for _, slot := range heap.chunks[0][heap.Len():] {
		require.Nil(t, slot, "an item that is gone can be collected")
	}
}

func TestHeapDoesNotCopyItsItemsToGrowOrShrink(t *testing.T) {
	t.Parallel()
	heap := newHeap()
	heap.Push(&item{value: -1})
	first := heap.chunks[0]
	for value := range 100 * chunkLength {
		heap.Push(&item{value: value})
		require.Same(t, first, heap.chunks[0])
	}
	for heap.Len() > 0 {
		heap.PopMin()
		require.Same(t, first, heap.chunks[0])
	}
}
