//go:build brokers

package servertest

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// What 8 senders, then a listener with concurrency 8, get through; and what a program gets through that does the
// same with the client alone: a message published and confirmed, a message received and acknowledged, both with
// quality of service 1 and a persistent session.

const benchWorkers = 8

func inParallel(b *testing.B, call func() error) {
	b.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	b.ResetTimer()
	for range benchWorkers {
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

// rawProperties are what a queue sends beside a payload.
func rawProperties() *paho.PublishProperties {
	return &paho.PublishProperties{User: paho.UserProperties{
		{Key: "message_id", Value: "0123456789abcdef0123456789abcdef"}, {Key: "message_type", Value: "bench"}, {Key: "sent_time", Value: time.Now().UTC().Format(time.RFC3339Nano)},
	}}
}

func BenchmarkSend(b *testing.B) {
	server := servers.Mosquitto(b, servers.WithConfig("autosave_on_changes false"))
	payload := make([]byte, 512)
	b.Run("queue", func(b *testing.B) {
		queue := openQueue(b, "send", configOf(server))
		inParallel(b, func() error {
			return queue.Send(b.Context(), "bench", &queues.MessageEnvelope{MessageType: "bench", Message: payload})
		})
	})
	b.Run("client", func(b *testing.B) {
		openQueue(b, "raw", configOf(server)) // and with it a session that keeps what is published
		raw := connectRaw(b, configOf(server), nil)
		inParallel(b, func() error {
			_, err := raw.Publish(b.Context(), &paho.Publish{Topic: "raw", QoS: 1, Payload: payload, Properties: rawProperties()})
			return err
		})
	})
}

func BenchmarkListen(b *testing.B) {
	server := servers.Mosquitto(b, servers.WithConfig("autosave_on_changes false"))
	fill := func(b *testing.B, name string) {
		queue := openQueue(b, name, configOf(server))
		inParallel(b, func() error {
			return queue.Send(b.Context(), "bench", &queues.MessageEnvelope{MessageType: "bench", Message: make([]byte, 512)})
		})
	}
	b.Run("queue", func(b *testing.B) {
		fill(b, "listen")
		queue := openQueue(b, "listen", configOf(server, "options.listen_concurrency", benchWorkers))
		done := make(chan struct{})
		var count atomic.Int64
		b.ResetTimer()
		queue.BeginListen(b.Context(), "bench", queues.NewCallbackMessageReceiver(func(context.Context, *queues.MessageEnvelope, queues.IMessageQueue) error {
			if count.Add(1) == int64(b.N) {
				close(done)
			}
			return nil
		}))
		b.StartTimer()
		<-done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	})
	b.Run("client", func(b *testing.B) {
		fill(b, "listen-raw")
		window, expiry := uint16(200), uint32(3600)
		messages := make(chan paho.PublishReceived, window)
		done := make(chan struct{})
		var count atomic.Int64
		var working sync.WaitGroup
		for range benchWorkers {
			working.Go(func() {
				for got := range messages {
					_ = got.Client.Ack(got.Packet)
					if count.Add(1) == int64(b.N) {
						close(done)
					}
				}
			})
		}
		b.ResetTimer()
		b.StartTimer()
		raw := connectRaw(b, configOf(server), func(cfg *autopaho.ClientConfig) {
			cfg.ClientID, cfg.CleanStartOnInitialConnection = "listen-raw", false
			cfg.EnableManualAcknowledgment, cfg.SendAcksInterval = true, time.Millisecond
			cfg.ConnectPacketBuilder = func(request *paho.Connect, _ *url.URL) (*paho.Connect, error) {
				request.Properties = &paho.ConnectProperties{ReceiveMaximum: &window, SessionExpiryInterval: &expiry}
				return request, nil
			}
			cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(got paho.PublishReceived) (bool, error) {
				messages <- got
				return true, nil
			}}
		})
		<-done
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		require.NoError(b, raw.Disconnect(context.Background()))
		close(messages)
		working.Wait()
	})
}
