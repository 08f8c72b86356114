//go:build brokers

package servertest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// The queue beside the raw client that does the same: produce and wait for all replicas in sync; consume, work with
// eight goroutines, settle each message, and have the broker confirm that before it is forgotten.
//
//	go test -tags=brokers -run - -bench . -benchtime 20000x

const (
	benchSenders = 16
	benchWorkers = 8
)

var nextTopic atomic.Int64

func benchMessage() *queues.MessageEnvelope {
	return queues.NewMessageEnvelope("bench", "bench", make([]byte, 512))
}

func BenchmarkSend(b *testing.B) {
	server := servers.Kafka(b)
	queue := openQueue(b, "bench-send", configOf(server))
	b.Run("raw", func(b *testing.B) {
		client := rawClient(b, server, kgo.ProducerLinger(0))
		perform(b, func() error {
			return client.ProduceSync(b.Context(), &kgo.Record{Topic: "bench-send", Key: []byte("key"), Value: make([]byte, 512)}).FirstErr()
		})
	})
	b.Run("queue", func(b *testing.B) {
		perform(b, func() error { return queue.Send(b.Context(), "bench", benchMessage()) })
	})
}

// perform does something b.N times, with so many goroutines.
func perform(b *testing.B, once func() error) {
	b.Helper()
	var done atomic.Int64
	var senders sync.WaitGroup
	b.ResetTimer()
	for range benchSenders {
		senders.Go(func() {
			for done.Add(1) <= int64(b.N) {
				if err := once(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkListen(b *testing.B) {
	server := servers.Kafka(b)
	for _, mode := range []string{"share", "group"} {
		b.Run(mode+"/raw", func(b *testing.B) {
			topic := fill(b, server, mode)
			group := map[string]kgo.Opt{"share": kgo.ShareGroup(topic), "group": kgo.ConsumerGroup(topic)}[mode]
			options := []kgo.Opt{group, kgo.ConsumeTopics(topic)}
			if mode == "group" {
				options = append(options, kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			}
			client := rawClient(b, server, options...)
			consume(b, client, mode) // joining takes its time
			b.ResetTimer()
			for received := 0; received < b.N; {
				received += consume(b, client, mode)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
		b.Run(mode+"/queue", func(b *testing.B) {
			topic := fill(b, server, mode)
			queue := openQueue(b, topic, configOf(server, "options.mode", mode, "options.listen_concurrency", benchWorkers))
			first, err := queue.Receive(b.Context(), "bench", 30*time.Second)
			require.NoError(b, err)
			require.NoError(b, queue.Complete(b.Context(), first))
			var received atomic.Int64
			all := make(chan struct{})
			b.ResetTimer()
			queue.BeginListen(b.Context(), "bench", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
				if received.Add(1) == int64(b.N) {
					close(all)
				}
				return nil
			}))
			<-all
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}

// fill makes a topic with more than b.N messages, and the group that is going to consume it.
func fill(b *testing.B, server *servers.Server, mode string) string {
	b.Helper()
	topic := fmt.Sprintf("bench-%s-%d-%d", mode, b.N, nextTopic.Add(1))
	queue := openQueue(b, topic, configOf(server, "options.mode", mode))
	var sent atomic.Int64
	var senders sync.WaitGroup
	for range 64 {
		senders.Go(func() {
			for sent.Add(1) <= int64(b.N)+2000 {
				if err := queue.Send(b.Context(), "bench", benchMessage()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	senders.Wait()
	return topic
}

// consume polls once, has workers work, settles, and returns how many there were.
func consume(b *testing.B, client *kgo.Client, mode string) int {
	b.Helper()
	fetches := client.PollFetches(b.Context())
	require.NoError(b, fetches.Err())
	records := make(chan *kgo.Record)
	var workers sync.WaitGroup
	for range benchWorkers {
		workers.Go(func() {
			for record := range records {
				if mode == "share" {
					record.Ack(kgo.AckAccept)
				}
			}
		})
	}
	fetches.EachRecord(func(record *kgo.Record) { records <- record })
	close(records)
	workers.Wait()
	if mode == "share" {
		require.NoError(b, client.FlushAcks(b.Context()))
	} else {
		require.NoError(b, client.CommitRecords(b.Context(), fetches.Records()...))
	}
	return fetches.NumRecords()
}

func rawClient(b *testing.B, server *servers.Server, options ...kgo.Opt) *kgo.Client {
	b.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(server.Addr()))...)
	require.NoError(b, err)
	b.Cleanup(client.Close)
	return client
}
