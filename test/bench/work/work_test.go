package work

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// countingQueue is a channel that counts what is done with it.
type countingQueue struct {
	messages  chan []byte
	sent      atomic.Int64
	completed atomic.Int64
}

func newCountingQueue(capacity int) *countingQueue {
	return &countingQueue{messages: make(chan []byte, capacity)}
}

func (q *countingQueue) Send(payload []byte) error {
	q.sent.Add(1)
	q.messages <- payload
	return nil
}

func (q *countingQueue) Receive() (any, error) { return <-q.messages, nil }

func (q *countingQueue) Complete(any) error {
	q.completed.Add(1)
	return nil
}

func (q *countingQueue) Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error {
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for {
				select {
				case payload := <-q.messages:
					if handle(payload) == nil {
						q.completed.Add(1)
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Wait()
	return nil
}

func (q *countingQueue) Close() error { return nil }

func TestSharesAddUpAndDifferByOne(t *testing.T) {
	t.Parallel()
	for _, total := range []int{0, 1, 63, 64, 65, 1000} {
		sum, least, most := 0, total, 0
		for i := range 64 {
			part := share(total, 64, i)
			sum, least, most = sum+part, min(least, part), max(most, part)
		}
		if sum != total || most-least > 1 {
			t.Errorf("shares of %d are %d to %d and add up to %d", total, least, most, sum)
		}
	}
}

func TestPercentilesAreValuesOfTheList(t *testing.T) {
	t.Parallel()
	values := make([]time.Duration, 100)
	for i := range values {
		values[i] = time.Duration(100 - i) // 100 … 1
	}
	for part, want := range map[float64]time.Duration{0: 1, 0.5: 51, 0.99: 99, 1: 100} {
		if got := percentile(values, part); got != want {
			t.Errorf("percentile %v is %d, want %d", part, got, want)
		}
	}
	if values[0] != 100 {
		t.Error("the list was sorted in place")
	}
}

func TestEveryMessageOfAWorkIsCompleted(t *testing.T) {
	t.Parallel()
	works := map[string]func(queue Queue, count int){
		"1x1":      func(queue Queue, count int) { transfer(queue, count, 1) },
		"64x64":    func(queue Queue, count int) { transfer(queue, count, 64) },
		"listen 1": func(queue Queue, count int) { listenTo(queue, count, 1) },
		"listen 8": func(queue Queue, count int) { listenTo(queue, count, 8) },
		"wakeups":  func(queue Queue, count int) { wakeups(queue, count, time.Microsecond) },
		"fill": func(queue Queue, count int) {
			fill(queue, count)
			for range count {
				consume(queue)
			}
		},
	}
	for name, work := range works {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue := newCountingQueue(100)
			work(queue, 100)
			if queue.sent.Load() != 100 || queue.completed.Load() != 100 {
				t.Errorf("%d messages sent and %d completed, want 100", queue.sent.Load(), queue.completed.Load())
			}
		})
	}
}

func listenTo(queue Queue, count, concurrency int) {
	listener := startListener(queue, count, concurrency)
	listener.feed()
	listener.stop()
}

func TestWakeupsAreTimedForEveryMessage(t *testing.T) {
	t.Parallel()
	took := wakeups(newCountingQueue(1), 20, time.Millisecond)
	if len(took) != 20 || slices.Min(took) <= 0 {
		t.Errorf("wake-ups took %v", took)
	}
}
