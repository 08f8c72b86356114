//go:build brokers

package servertest

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// The benchmarks have the queue and the raw client do the same work on the same server: what is sent has
// the same payload and headers and is confirmed, what is received is acknowledged and the ack confirmed.
// Sub-benchmarks alternate, so that both meet the machine in the same mood:
//
//	go test -tags=brokers -run '^$' -bench . -count 6

const (
	benchWorkers = 8
	benchPayload = 256
)

func BenchmarkSend(b *testing.B) {
	server := servers.NATS(b)
	js := benchJetStream(b, server)
	queue := benchQueue(b, server)
	b.Run("queue", func(b *testing.B) {
		each(b, func(id string) error {
			return queue.Send(context.Background(), "", benchEnvelope(id))
		})
	})
	b.Run("raw", func(b *testing.B) {
		each(b, func(id string) error {
			_, err := js.PublishMsg(context.Background(), benchMessage(id))
			return err
		})
	})
}

func BenchmarkListen(b *testing.B) {
	server := servers.NATS(b)
	js := benchJetStream(b, server)
	queue := benchQueue(b, server)
	b.Run("queue", func(b *testing.B) {
		fill(b, js)
		done := make(chan struct{})
		var received atomic.Int64
		b.ResetTimer()
		queue.BeginListen(context.Background(), "", queues.NewCallbackMessageReceiver(
			func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
				if received.Add(1) == int64(b.N) {
					close(done)
				}
				return nil
			}))
		<-done
		b.StopTimer()
		queue.EndListen(context.Background(), "")
		eventuallyCount(b, queue, 0)
	})
	b.Run("raw", func(b *testing.B) {
		fill(b, js)
		consumer, err := js.Consumer(b.Context(), "bench", "bench")
		require.NoError(b, err)
		b.ResetTimer()
		messages, err := consumer.Messages()
		require.NoError(b, err)
		var left atomic.Int64
		left.Store(int64(b.N))
		var workers sync.WaitGroup
		for range benchWorkers {
			workers.Go(func() {
				for left.Add(-1) >= 0 {
					message, err := messages.Next()
					if err == nil {
						err = message.DoubleAck(context.Background())
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		workers.Wait()
		b.StopTimer()
		messages.Stop()
		eventuallyCount(b, queue, 0)
	})
}

// each calls call b.N times, by as many workers as may be in work at a time.
func each(b *testing.B, call func(id string) error) {
	var next atomic.Int64
	var workers sync.WaitGroup
	b.ResetTimer()
	for range benchWorkers {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := call(strconv.FormatInt(n, 10)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.StopTimer()
}

func benchQueue(b *testing.B, server *servers.Server) queues.IMessageQueue {
	queue := newQueue("bench", configOf(server, config.ListenConcurrency, benchWorkers))
	require.NoError(b, queue.Open(b.Context(), ""))
	b.Cleanup(func() { require.NoError(b, queue.Close(context.Background(), "")) })
	return queue
}

func benchJetStream(b *testing.B, server *servers.Server) jetstream.JetStream {
	js, err := jetstream.New(connect(b, server))
	require.NoError(b, err)
	return js
}

func benchEnvelope(id string) *queues.MessageEnvelope {
	envelope := queues.NewMessageEnvelope("correlation", "order", make([]byte, benchPayload))
	envelope.MessageId = id
	return envelope
}

// benchMessage is what becomes of benchEnvelope.
func benchMessage(id string) *natsgo.Msg {
	return &natsgo.Msg{Subject: "bench", Data: make([]byte, benchPayload), Header: natsgo.Header{
		"message_id":     {id},
		"correlation_id": {"correlation"},
		"message_type":   {"order"},
		"sent_time":      {time.Now().UTC().Format(time.RFC3339Nano)},
		"Nats-Msg-Id":    {natsgo.NewInbox()},
	}}
}

// fill sends b.N messages.
func fill(b *testing.B, js jetstream.JetStream) {
	for n := range b.N {
		_, err := js.PublishMsgAsync(benchMessage(strconv.Itoa(n)), jetstream.WithStallWait(time.Minute))
		require.NoError(b, err)
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(time.Minute):
		b.Fatal("the server does not confirm")
	}
}
