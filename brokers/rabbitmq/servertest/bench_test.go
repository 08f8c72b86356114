//go:build brokers

package servertest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What 8 senders, then a listener with concurrency 8, get through; and what a program gets through that does the
// same with the client alone: published persistent and mandatory and confirmed, delivered with the same
// prefetch and acknowledged one by one.

const (
	workers  = 8
	prefetch = 127
)

func inParallel(b *testing.B, call func() error) {
	b.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	b.ResetTimer()
	for range workers {
		working.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func rawMessage(payload []byte) amqp.Publishing {
	now := time.Now().UTC()
	return amqp.Publishing{
		MessageId: "0123456789abcdef0123456789abcdef", Type: "bench", Timestamp: now, DeliveryMode: amqp.Persistent, Body: payload,
		Headers: amqp.Table{"sent_time": now.Format(time.RFC3339Nano)},
	}
}

func benchQueue(b *testing.B, ch *amqp.Channel, name string) {
	_, err := ch.QueueDeclare(name, true, false, false, false, amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int64(1<<31 - 1)})
	require.NoError(b, err)
	_, err = ch.QueuePurge(name, false)
	require.NoError(b, err)
}

func BenchmarkSend(b *testing.B) {
	server := shared(b)
	payload := make([]byte, 512)
	b.Run("queue", func(b *testing.B) {
		benchQueue(b, connect(b, server), "bench-send")
		queue := openQueue(b, "bench-send", configOf(server))
		inParallel(b, func() error {
			return queue.Send(b.Context(), "bench", &queues.MessageEnvelope{MessageType: "bench", Message: payload})
		})
	})
	b.Run("client", func(b *testing.B) {
		ch := connect(b, server)
		benchQueue(b, ch, "bench-send")
		returns := ch.NotifyReturn(make(chan amqp.Return, workers))
		inParallel(b, func() error {
			confirm, err := ch.PublishWithDeferredConfirm("", "bench-send", true, false, rawMessage(payload))
			if err == nil && !confirm.Wait() {
				b.Error("not confirmed")
			}
			return err
		})
		require.Empty(b, returns)
	})
}

func BenchmarkListen(b *testing.B) {
	server := shared(b)
	fill := func(b *testing.B, name string) {
		ch := connect(b, server)
		benchQueue(b, ch, name)
		payload := make([]byte, 512)
		var last *amqp.DeferredConfirmation
		for i := range b.N {
			var err error
			last, err = ch.PublishWithDeferredConfirm("", name, true, false, rawMessage(payload))
			require.NoError(b, err)
			if i%500 == 0 {
				last.Wait()
			}
		}
		require.True(b, last.Wait())
	}
	b.Run("queue", func(b *testing.B) {
		queue := openQueue(b, "bench-listen", configOf(server, "options.listen_concurrency", workers, "options.prefetch", prefetch))
		fill(b, "bench-listen")
		done := make(chan struct{})
		var count atomic.Int64
		b.ResetTimer()
		queue.BeginListen(b.Context(), "bench", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
			if count.Add(1) == int64(b.N) {
				close(done)
			}
			return nil
		}))
		<-done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	})
	b.Run("client", func(b *testing.B) {
		fill(b, "bench-listen")
		ch := connect(b, server)
		require.NoError(b, ch.Qos(prefetch+workers, 0, false))
		var count atomic.Int64
		done := make(chan struct{})
		b.ResetTimer()
		deliveries, err := ch.Consume("bench-listen", "", false, false, false, false, nil)
		require.NoError(b, err)
		for range workers {
			go func() { // ends when the connection is closed
				for d := range deliveries {
					_ = d.Ack(false)
					if count.Add(1) == int64(b.N) {
						close(done)
					}
				}
			}()
		}
		<-done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	})
}
