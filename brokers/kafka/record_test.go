package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestARecordBringsBackItsMessage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for name, message := range map[string]queues.MessageEnvelope{
		"all fields":                     {MessageId: "1", CorrelationId: "c", MessageType: "t", SentTime: at, Message: []byte("payload"), Headers: map[string]string{"a": "1"}},
		"only an id":                     {MessageId: "1", SentTime: at, Message: []byte{}},
		"headers named as fields":        {MessageId: "1", CorrelationId: "c", MessageType: "t", SentTime: at, Message: []byte{}, Headers: map[string]string{"correlation_id": "x", "message_type": "y"}},
		"headers named as absent fields": {MessageId: "1", SentTime: at, Message: []byte{}, Headers: map[string]string{"correlation_id": "x", "message_type": "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := newRecord("topic", &message)
			require.NotNil(t, record.Value, "a record without a value is a tombstone")
			require.Equal(t, message, read(record))
			moved := copyOf(copyOf(record, 3, "other"), 4, "group")
			require.Equal(t, message, read(moved), "a copy looks the same")
			deliveries, group := provenance(moved)
			require.Equal(t, 4, deliveries)
			require.Equal(t, "group", group)
		})
	}
}

func TestARecordSharesNothingWithItsMessage(t *testing.T) {
	t.Parallel()
	message := &queues.MessageEnvelope{MessageId: "1", Message: []byte("ABC")}
	record := newRecord("topic", message)
	message.Message[0] = 'X'
	got := read(record)
	require.Equal(t, "ABC", got.GetMessageAsString())
	got.Message[0] = 'Y'
	require.Equal(t, "ABC", string(record.Value))
}

func TestProvenanceOfForeignHeaders(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "x", "-3"} {
		deliveries, group := provenance(&kgo.Record{Headers: []kgo.RecordHeader{{Key: headerDeliveries, Value: []byte(value)}}})
		require.Zero(t, deliveries, "%q", value)
		require.Empty(t, group)
	}
}

func TestThePartitionerKeepsWhatIsChosen(t *testing.T) {
	t.Parallel()
	p := partitioner{kgo.StickyKeyPartitioner(nil)}.ForTopic("topic")
	require.Equal(t, 5, p.Partition(&kgo.Record{Partition: 5}, 10))
	require.True(t, p.RequiresConsistency(&kgo.Record{Partition: 5}))
	for range 20 {
		require.Less(t, p.Partition(&kgo.Record{Partition: anyPartition, Key: []byte("key")}, 10), 10)
	}
	require.Equal(t, partitionFor("customer 7", 12), partitionFor("customer 7", 12))
	seen := map[int32]bool{}
	for _, customer := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		seen[partitionFor(customer, 4)] = true
	}
	require.Greater(t, len(seen), 1)
}
