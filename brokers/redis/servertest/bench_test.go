//go:build brokers

package servertest

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// What 8 senders, then a listener with concurrency 8, get through; and what a program gets through that does the
// same with the client alone: XADD; XREADGROUP, then XACK and XDEL in one round trip, message by message. The server
// writes every change to its append-only file before it answers ("always"), or keeps none.

const workers = 8

// persistence are the configurations of the server that are measured.
func persistence() map[string][]string {
	return map[string][]string{"always": nil, "none": {"appendonly no"}}
}

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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkSend(b *testing.B) {
	payload := make([]byte, 512)
	for name, config := range persistence() {
		server := servers.Redis(b, servers.WithConfig(config...))
		b.Run(name+"/queue", func(b *testing.B) {
			queue := openQueue(b, "send", configOf(server))
			inParallel(b, func() error {
				return queue.Send(b.Context(), "bench", &queues.MessageEnvelope{MessageType: "bench", Message: payload})
			})
		})
		b.Run(name+"/client", func(b *testing.B) {
			client := rawClient(b, server)
			inParallel(b, func() error {
				return client.XAdd(b.Context(), &goredis.XAddArgs{Stream: "raw", Values: []any{
					"message_id", uuid.NewString(), "correlation_id", "bench", "message_type", "bench",
					"sent_time", time.Now().UTC().Format(time.RFC3339Nano), "message", payload,
				}}).Err()
			})
		})
	}
}

func BenchmarkListen(b *testing.B) {
	for name, config := range persistence() {
		server := servers.Redis(b, servers.WithConfig(config...))
		client := rawClient(b, server)
		b.Run(name+"/queue", func(b *testing.B) {
			queue := openQueue(b, "listen", configOf(server, "options.listen_concurrency", workers))
			fill(b, client, "{listen}:stream")
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
			require.NoError(b, queue.Clear(b.Context(), "bench"))
		})
		b.Run(name+"/client", func(b *testing.B) {
			stream := "raw-" + strconv.Itoa(b.N)
			require.NoError(b, client.XGroupCreateMkStream(b.Context(), stream, "queue", "0").Err())
			fill(b, client, stream)
			inParallel(b, func() error {
				read, err := client.XReadGroup(b.Context(), &goredis.XReadGroupArgs{Group: "queue", Consumer: "c", Streams: []string{stream, ">"}, Count: 1}).Result()
				if err != nil {
					return err
				}
				id := read[0].Messages[0].ID
				_, err = client.Pipelined(b.Context(), func(pipe goredis.Pipeliner) error {
					pipe.XAck(b.Context(), stream, "queue", id)
					pipe.XDel(b.Context(), stream, id)
					return nil
				})
				return err
			})
		})
	}
}

// fill puts as many messages into a stream as the benchmark takes.
func fill(b *testing.B, client *goredis.Client, stream string) {
	b.Helper()
	payload := make([]byte, 512)
	for left := b.N; left > 0; left -= 1000 {
		_, err := client.Pipelined(b.Context(), func(pipe goredis.Pipeliner) error {
			for range min(left, 1000) {
				pipe.XAdd(b.Context(), &goredis.XAddArgs{Stream: stream, Values: []any{
					"message_id", uuid.NewString(), "correlation_id", "bench", "message_type", "bench",
					"sent_time", time.Now().UTC().Format(time.RFC3339Nano), "message", payload,
				}})
			}
			return nil
		})
		require.NoError(b, err)
	}
}
