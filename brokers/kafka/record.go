package kafka

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Headers of records. The first two are the fields of the envelope, as all Pip.Services adapters have them.
const (
	headerCorrelationId = "correlation_id"
	headerMessageType   = "message_type"

	// On a copy of a record that was written because the broker counts what does not count, or counts
	// no further: how many deliveries there have been, and the only group that the copy is meant for.
	headerDeliveries = "x-pip-deliveries"
	headerGroup      = "x-pip-group"

	// On a record that waits in the topic of the delayed ones: when it is due, and when it was last put back there
	// because too many wait. On one that waited for long: when it was sent.
	headerDue    = "x-pip-due"
	headerTurned = "x-pip-turned"
	headerSent   = "x-pip-sent"
)

// newRecord makes a record of a message, which it copies.
func newRecord(topic string, message *queues.MessageEnvelope) *kgo.Record {
	record := &kgo.Record{
		Topic:     topic,
		Partition: anyPartition,
		Key:       []byte(message.MessageId),
		Value:     append(make([]byte, 0, len(message.Message)), message.Message...), // never nil: that would be a tombstone
		Timestamp: message.SentTime,
		Headers:   make([]kgo.RecordHeader, 0, len(message.Headers)+2),
	}
	// A field comes before a header of its name, so it is written also when it is empty and there is one.
	for _, field := range [...]struct{ name, value string }{
		{headerCorrelationId, message.CorrelationId}, {headerMessageType, message.MessageType},
	} {
		if _, hidden := message.Headers[field.name]; field.value != "" || hidden {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: field.name, Value: []byte(field.value)})
		}
	}
	for name, value := range message.Headers {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	return record
}

// read makes an envelope of a record, whose payload it copies.
func read(record *kgo.Record) (envelope queues.MessageEnvelope) {
	envelope.MessageId = string(record.Key)
	envelope.SentTime = record.Timestamp.UTC()
	envelope.Message = append(make([]byte, 0, len(record.Value)), record.Value...)
	var correlated, typed bool
	for _, header := range record.Headers {
		switch {
		case header.Key == headerCorrelationId && !correlated:
			envelope.CorrelationId, correlated = string(header.Value), true
		case header.Key == headerMessageType && !typed:
			envelope.MessageType, typed = string(header.Value), true
		case header.Key == headerSent:
			if sent, err := time.Parse(time.RFC3339Nano, string(header.Value)); err == nil {
				envelope.SentTime = sent.UTC()
			}
		case header.Key == headerDeliveries, header.Key == headerGroup, header.Key == headerDue, header.Key == headerTurned:
		default:
			if envelope.Headers == nil {
				envelope.Headers = make(map[string]string, len(record.Headers))
			}
			envelope.Headers[header.Key] = string(header.Value)
		}
	}
	return envelope
}

// provenance tells how many deliveries a record has had as another one, and which group it is for ("": all).
func provenance(record *kgo.Record) (deliveries int, group string) {
	for _, header := range record.Headers {
		switch header.Key {
		case headerDeliveries:
			deliveries, _ = strconv.Atoi(string(header.Value))
		case headerGroup:
			group = string(header.Value)
		}
	}
	return max(0, deliveries), group
}

// copyOf makes a copy of a record for one group, with a count of its deliveries so far.
func copyOf(record *kgo.Record, deliveries int, group string) *kgo.Record {
	headers := make([]kgo.RecordHeader, 0, len(record.Headers)+2)
	for _, header := range record.Headers {
		if header.Key != headerDeliveries && header.Key != headerGroup {
			headers = append(headers, header)
		}
	}
	headers = append(headers,
		kgo.RecordHeader{Key: headerDeliveries, Value: strconv.AppendInt(nil, int64(deliveries), 10)},
		kgo.RecordHeader{Key: headerGroup, Value: []byte(group)})
	return &kgo.Record{
		Topic: record.Topic, Partition: record.Partition, Key: record.Key, Value: record.Value, Headers: headers, Timestamp: record.Timestamp,
	}
}

// anyPartition says that the partitioner shall choose.
const anyPartition = -1

// partitioner leaves a record in the partition that it names, and lets another one choose if it names none.
type partitioner struct{ otherwise kgo.Partitioner }

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return &topicPartitioner{p.otherwise.ForTopic(topic)}
}

type topicPartitioner struct{ kgo.TopicPartitioner }

func (p *topicPartitioner) RequiresConsistency(record *kgo.Record) bool {
	return record.Partition != anyPartition || p.TopicPartitioner.RequiresConsistency(record)
}

func (p *topicPartitioner) Partition(record *kgo.Record, partitions int) int {
	if record.Partition != anyPartition {
		return int(record.Partition)
	}
	return p.TopicPartitioner.Partition(record, partitions)
}

// partitionFor is the partition, of so many, of what has this in common.
func partitionFor(common string, partitions int) int32 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(common))
	return int32(hash.Sum32() % uint32(max(1, partitions)))
}
