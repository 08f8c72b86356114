package servertest

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func TestTheWireFormatInProcess(t *testing.T) {
	t.Parallel()
	config := startBroker(t)
	checkWire(t, config, config.GetAsString("connection.uri")[len("tcp://"):])
}

// checkWire speaks to the queue by way of a raw client.
func checkWire(t *testing.T, config *cconf.ConfigParams, address string, options ...kgo.Opt) {
	t.Helper()
	options = append(options, kgo.SeedBrokers(address))
	t.Run("what a queue sends, a raw client reads", func(t *testing.T) {
		queue := openQueue(t, "wire-out", config)
		sent := &queues.MessageEnvelope{
			MessageId: "id-1", CorrelationId: "correlation-1", MessageType: "order",
			Message: []byte{0, 1, 0xff}, Headers: map[string]string{"tenant": "7", "имя": "Ж"},
		}
		before := time.Now()
		require.NoError(t, queue.Send(t.Context(), "", sent))
		record := readRecord(t, "wire-out", options)
		require.Equal(t, "id-1", string(record.Key))
		require.Equal(t, sent.Message, record.Value)
		require.WithinDuration(t, before, record.Timestamp, 5*time.Second)
		headers := map[string]string{}
		for _, header := range record.Headers {
			headers[header.Key] = string(header.Value)
		}
		require.Equal(t, map[string]string{"correlation_id": "correlation-1", "message_type": "order", "tenant": "7", "имя": "Ж"}, headers)
	})
	t.Run("what a raw client writes, a queue receives", func(t *testing.T) {
		queue := openQueue(t, "wire-in", config)
		at := time.Date(2020, 2, 3, 4, 5, 6, 789e6, time.UTC)
		produce(t, options, &kgo.Record{
			Topic: "wire-in", Key: []byte("id-2"), Value: []byte("payload"), Timestamp: at,
			Headers: []kgo.RecordHeader{{Key: "correlation_id", Value: []byte("correlation-2")}, {Key: "message_type", Value: []byte("order")}, {Key: "tenant", Value: []byte("7")}},
		})
		got := test.Receive(t, queue, 20*time.Second)
		require.Equal(t, "id-2", got.MessageId)
		require.Equal(t, "correlation-2", got.CorrelationId)
		require.Equal(t, "order", got.MessageType)
		require.Equal(t, "payload", got.GetMessageAsString())
		require.True(t, at.Equal(got.SentTime), "%s", got.SentTime)
		require.Equal(t, map[string]string{"tenant": "7"}, got.Headers)
		require.NoError(t, queue.Complete(t.Context(), got))
	})
	t.Run("records without key and headers, of any compression, are messages", func(t *testing.T) {
		queue := openQueue(t, "wire-bare", config)
		codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
		for _, codec := range codecs {
			produce(t, append(options, kgo.ProducerBatchCompression(codec)), &kgo.Record{Topic: "wire-bare", Value: []byte("bare bare bare bare")})
			got := test.Receive(t, queue, 20*time.Second)
			require.Empty(t, got.MessageId)
			require.Empty(t, got.MessageType)
			require.Empty(t, got.Headers)
			require.Equal(t, "bare bare bare bare", got.GetMessageAsString())
			require.NoError(t, queue.Complete(t.Context(), got))
		}
	})
	t.Run("each group gets every message", func(t *testing.T) {
		for _, mode := range []string{"share", "group"} {
			topic := "wire-groups-" + mode
			groups := config.Override(cconf.NewConfigParamsFromTuples("options.mode", mode, "topic", topic))
			one := openQueue(t, "one-"+mode, groups.Override(cconf.NewConfigParamsFromTuples("group_id", "one-"+mode)))
			two := openQueue(t, "two-"+mode, groups.Override(cconf.NewConfigParamsFromTuples("group_id", "two-"+mode)))
			require.NoError(t, one.Send(t.Context(), "", test.Text("for both")))
			for _, queue := range []queues.IMessageQueue{one, two} {
				got := test.Receive(t, queue, 20*time.Second)
				require.Equal(t, "for both", got.GetMessageAsString())
				require.NoError(t, queue.Complete(t.Context(), got))
			}
		}
	})
	t.Run("an old message can be given back uncounted", func(t *testing.T) {
		queue := openQueue(t, "wire-old", config.Override(cconf.NewConfigParamsFromTuples("options.mode", "share")))
		produce(t, options, &kgo.Record{Topic: "wire-old", Value: []byte("old"), Timestamp: time.Now().Add(-time.Hour)})
		test.Receive(t, queue, 20*time.Second)
		require.NoError(t, queue.Close(t.Context(), ""))
		require.NoError(t, queue.Open(t.Context(), ""))
		require.Equal(t, 1, test.Receive(t, queue, 20*time.Second).DeliveryCount)
	})
	t.Run("a message that one group gives back does not come to another", func(t *testing.T) {
		groups := config.Override(cconf.NewConfigParamsFromTuples("options.mode", "share", "topic", "wire-back"))
		one := openQueue(t, "back-one", groups.Override(cconf.NewConfigParamsFromTuples("group_id", "back-one")))
		two := openQueue(t, "back-two", groups.Override(cconf.NewConfigParamsFromTuples("group_id", "back-two")))
		require.NoError(t, one.Send(t.Context(), "", test.Text("once each")))
		test.Receive(t, one, 20*time.Second)
		require.NoError(t, one.Close(t.Context(), "")) // gives it back, uncounted
		require.NoError(t, one.Open(t.Context(), ""))
		got := test.Receive(t, one, 20*time.Second)
		require.Equal(t, 1, got.DeliveryCount)
		require.Empty(t, got.Headers)
		require.NoError(t, one.Complete(t.Context(), got))
		require.NoError(t, two.Complete(t.Context(), test.Receive(t, two, 20*time.Second)))
		again, err := two.Receive(t.Context(), "", 500*time.Millisecond)
		require.NoError(t, err)
		require.Nil(t, again)
	})
}

func produce(t testing.TB, options []kgo.Opt, record *kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(options...)
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
}

// readRecord reads the first record of a topic.
func readRecord(t testing.TB, topic string, options []kgo.Opt) *kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		if records := fetches.Records(); len(records) > 0 {
			return records[0]
		}
	}
}
