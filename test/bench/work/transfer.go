package work

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// bound is what a queue that has to have one may hold while producers and consumers run side by side.
const bound = 1024

// Transfer moves messages from producers to as many consumers, all as fast as they can.
func Transfer(b *testing.B, peers []Peer) {
	for _, n := range []int{1, 4, 64} {
		b.Run(fmt.Sprintf("goroutines=%dx%d", n, n), func(b *testing.B) {
			each(b, peers, Setup{Capacity: bound, SideBySide: true}, func(b *testing.B, queue Queue) {
				b.ResetTimer()
				measured(b, func() { transfer(queue, b.N, n) })
			})
		})
	}
}

// transfer has each of n producers and n consumers do its share of count messages: nobody has to be
// told to stop.
func transfer(queue Queue, count, n int) {
	payload := make([]byte, payloadSize)
	var workers sync.WaitGroup
	for i := range n {
		share := share(count, n, i)
		workers.Go(func() {
			for range share {
				consume(queue)
			}
		})
		workers.Go(func() {
			for range share {
				must(queue.Send(payload))
			}
		})
	}
	workers.Wait()
}

// share is how much of total falls to the i-th of n.
func share(total, n, i int) int {
	if i < total%n {
		return total/n + 1
	}
	return total / n
}

// Listen moves messages from one producer to a listener that works on 1 or 8 at a time.
func Listen(b *testing.B, peers []Peer) {
	for _, concurrency := range []int{1, 8} {
		b.Run(fmt.Sprintf("concurrency=%d", concurrency), func(b *testing.B) {
			each(b, peers, Setup{Capacity: bound, SideBySide: true, Concurrency: concurrency}, func(b *testing.B, queue Queue) {
				listen(b, queue, concurrency)
			})
		})
	}
}

func listen(b *testing.B, queue Queue, concurrency int) {
	listener := startListener(queue, b.N, concurrency)
	b.ResetTimer()
	measured(b, listener.feed)
	b.StopTimer()
	listener.stop()
}

// fedListener is a listener and the producer that feeds it.
type fedListener struct {
	queue   Queue
	count   int
	handled atomic.Int64
	all     chan struct{} // closed when count messages have been handled
	end     context.CancelFunc
	ended   chan struct{}
}

func startListener(queue Queue, count, concurrency int) *fedListener {
	ctx, end := context.WithCancel(context.Background())
	l := &fedListener{queue: queue, count: count, all: make(chan struct{}), end: end, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		must(queue.Listen(ctx, concurrency, l.handle))
	}()
	return l
}

func (l *fedListener) handle([]byte) error {
	if l.handled.Add(1) == int64(l.count) {
		close(l.all)
	}
	return nil
}

// feed sends the messages and returns when all are handled.
func (l *fedListener) feed() {
	payload := make([]byte, payloadSize)
	for range l.count {
		must(l.queue.Send(payload))
	}
	<-l.all
}

func (l *fedListener) stop() {
	l.end()
	<-l.ended
}
