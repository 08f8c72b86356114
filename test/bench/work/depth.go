package work

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Depth measures Send, Receive and Complete in one goroutine while many other messages wait, and how
// much memory each of those takes over its payload. Every message has a payload of its own.
func Depth(b *testing.B, peers []Peer) {
	for _, depth := range depths() {
		for _, peer := range peers {
			depth := depth
			if peer.MaxDepth > 0 {
				depth = min(depth, peer.MaxDepth)
			}
			b.Run(fmt.Sprintf("depth=%d/queue=%s", depth, peer.Name), func(b *testing.B) {
				withQueue(b, peer, Setup{Capacity: depth + 1}, func(b *testing.B, queue Queue) { atDepth(b, queue, depth) })
			})
		}
	}
}

func depths() []int {
	if testing.Short() {
		return []int{1, 1000}
	}
	return []int{1, 1000, 1_000_000}
}

func atDepth(b *testing.B, queue Queue, depth int) {
	before := memoryInUse()
	fill(queue, depth)
	overhead := (memoryInUse()-before)/float64(depth) - payloadSize
	measured(b, func() {
		for b.Loop() {
			cycle(queue, make([]byte, payloadSize))
		}
	})
	if depth >= 1000 {
		b.ReportMetric(overhead, "overhead-B/msg")
	}
}

// fill sends messages that nobody receives yet. It sends from many goroutines, because mempubsub would
// take 15 s for a million from one.
func fill(queue Queue, count int) {
	const senders = 64
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for range share(count, senders, i) {
				must(queue.Send(make([]byte, payloadSize)))
			}
		})
	}
	sending.Wait()
}

// memoryInUse returns the bytes that live objects and the stacks of goroutines take.
func memoryInUse() float64 {
	runtime.GC()
	runtime.GC() // what the first one found to finalize or kept in pools
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) + float64(stats.StackInuse)
}
