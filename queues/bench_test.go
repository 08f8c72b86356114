package queues_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func openBenchmark(b *testing.B, settings ...any) *queues.MemoryMessageQueue {
	b.Helper()
	queue := queues.NewMemoryMessageQueue("bench")
	queue.Configure(b.Context(), options(settings...))
	if err := queue.Open(b.Context(), ""); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = queue.Close(context.Background(), "") })
	b.ReportAllocs()
	return queue
}

// cycle sends, receives and completes one message.
func cycle(b *testing.B, queue queues.IMessageQueue, payload []byte) {
	ctx := b.Context()
	if err := queue.Send(ctx, "", queues.NewMessageEnvelope("123", "Test", payload)); err != nil {
		b.Error(err)
	}
	envelope, err := queue.Receive(ctx, "", time.Second)
	if envelope == nil || queue.Complete(ctx, envelope) != nil {
		b.Error("the message did not arrive", err)
	}
}

func BenchmarkCycle(b *testing.B) {
	for _, size := range []int{0, 100, 10_000} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			queue, payload := openBenchmark(b), make([]byte, size)
			for b.Loop() {
				cycle(b, queue, payload)
			}
		})
	}
}

// BenchmarkCycleObserved has counters, and a logger that does not want to know.
func BenchmarkCycleObserved(b *testing.B) {
	queue, payload := openBenchmark(b), make([]byte, 100)
	queue.SetReferences(b.Context(), referencesTo(b, newCounters(), newLogger(clog.LevelInfo)))
	for b.Loop() {
		cycle(b, queue, payload)
	}
}

func BenchmarkCycleParallel(b *testing.B) {
	queue, payload := openBenchmark(b), make([]byte, 100)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			cycle(b, queue, payload)
		}
	})
}

// BenchmarkCycleWithBacklog has half a million messages waiting, as many locked and as many delayed.
func BenchmarkCycleWithBacklog(b *testing.B) {
	queue, payload := openBenchmark(b, "lock_timeout", 3_600_000), make([]byte, 10)
	envelope := queues.NewMessageEnvelope("", "", payload)
	const many = 500_000
	for range many {
		_ = queue.Send(b.Context(), "", envelope)
		_ = queues.SendDelayed(b.Context(), queue, "", envelope, time.Hour)
	}
	for range many {
		_, _ = queue.Receive(b.Context(), "", 0)
	}
	for range many {
		_ = queue.Send(b.Context(), "", envelope)
	}
	for b.Loop() {
		cycle(b, queue, payload)
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			queue := openBenchmark(b)
			batch := make([]*queues.MessageEnvelope, size)
			for i := range batch {
				batch[i] = queues.NewMessageEnvelope("123", "Test", make([]byte, 100))
			}
			for b.Loop() {
				_ = queues.SendBatch(b.Context(), queue, "", batch)
				received, _ := queues.ReceiveBatch(b.Context(), queue, "", size, 0)
				for _, envelope := range received {
					_ = queue.Complete(b.Context(), envelope)
				}
			}
		})
	}
}

// BenchmarkHandOver is how long it takes from Send to a receiver that waits for it, and back.
func BenchmarkHandOver(b *testing.B) {
	there, back := openBenchmark(b), openBenchmark(b)
	there.BeginListen(b.Context(), "", queues.NewCallbackMessageReceiver(
		func(ctx context.Context, envelope *queues.MessageEnvelope, _ queues.IMessageQueue) error {
			return back.Send(ctx, "", envelope)
		}))
	payload := make([]byte, 100)
	for b.Loop() {
		_ = there.Send(b.Context(), "", queues.NewMessageEnvelope("123", "Test", payload))
		envelope, err := back.Receive(b.Context(), "", 10*time.Second)
		if envelope == nil || back.Complete(b.Context(), envelope) != nil {
			b.Fatal("the message did not come back", err)
		}
	}
	there.EndListen(b.Context(), "")
}

func BenchmarkListen(b *testing.B) {
	for _, concurrency := range []int{1, 8} {
		for _, prefetch := range []int{0, 16} {
			b.Run(fmt.Sprintf("concurrency %d prefetch %d", concurrency, prefetch), func(b *testing.B) {
				queue := openBenchmark(b, "listen_concurrency", concurrency, "prefetch", prefetch, "max_messages", 1000)
				var work sync.WaitGroup
				queue.BeginListen(b.Context(), "", queues.NewCallbackMessageReceiver(
					func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
						work.Done()
						return nil
					}))
				payload := make([]byte, 100)
				for b.Loop() {
					work.Add(1)
					_ = queue.Send(b.Context(), "", queues.NewMessageEnvelope("123", "Test", payload))
				}
				work.Wait()
				queue.EndListen(b.Context(), "")
			})
		}
	}
}
