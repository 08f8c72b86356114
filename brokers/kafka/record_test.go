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

func TestWhatWaitsComesOutAsItWasSent(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	message := queues.MessageEnvelope{MessageId: "1", CorrelationId: "c", SentTime: sent, Message: []byte("payload"), Headers: map[string]string{"a": "1"}}
	due := time.Now().Add(time.Hour)
	text := []byte(due.UTC().Format(time.RFC3339Nano))
	waits := copyTo("delayed", copyOf(newRecord("topic", &message), 3, "group"), kgo.RecordHeader{Key: headerDue, Value: text}, kgo.RecordHeader{Key: headerTurned, Value: text})
	require.Equal(t, "delayed", waits.Topic)
	require.EqualValues(t, anyPartition, waits.Partition)
	for _, at := range []func(*kgo.Record) time.Time{
		func(r *kgo.Record) time.Time { at, _ := appointmentOf(r); return at },
		func(r *kgo.Record) time.Time { _, at := appointmentOf(r); return at },
	} {
		require.True(t, due.Equal(at(waits)))
		require.True(t, at(copyTo("topic", waits)).IsZero(), "that is for the topic where it waits")
	}
	m := newMover(&delays{session: &session{topic: topic{name: "topic", partitions: 1}, options: options(t)}, topic: "delayed"})
	moved := m.moved(&entry{record: waits})
	require.Equal(t, "topic", moved.Topic)
	require.Equal(t, message, read(moved))
	require.WithinDuration(t, time.Now(), moved.Timestamp, time.Minute, "retention begins when it becomes ready")
	deliveries, group := provenance(moved)
	require.Equal(t, 3, deliveries)
	require.Equal(t, "group", group)

	waits.Timestamp = time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	moved = m.moved(&entry{record: waits})
	require.True(t, waits.Timestamp.Equal(moved.Timestamp), "the time of sending is the record's, as everywhere")
	require.True(t, waits.Timestamp.Equal(read(moved).SentTime))
}

func TestARecordThatDoesNotSayIsDueAtOnce(t *testing.T) {
	t.Parallel()
	for _, headers := range [][]kgo.RecordHeader{nil, {{Key: headerDue, Value: []byte("tomorrow")}}} {
		due, turned := appointmentOf(&kgo.Record{Headers: headers})
		require.True(t, due.IsZero())
		require.True(t, turned.IsZero())
	}
}
