package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// topic is a topic that is there.
type topic struct {
	name       string
	id         [16]byte
	partitions int
	maxBytes   int // of a batch of records
}

const (
	defaultMaxMessageBytes = 1_048_588 // max.message.bytes of a broker that is not configured

	// What a batch of one record takes beside the payload: at most this for ids and headers.
	headroom = 16 << 10
)

// maxPayload is the largest payload that fits with ids and headers of usual size.
func (t topic) maxPayload() int { return max(1, t.maxBytes-headroom) }

// plan is how to make a topic.
type plan struct {
	create      bool
	partitions  int32
	replication int16
	maxPayload  int  // 0: the broker's own limit
	keep        bool // for ever, rather than for as long as the broker keeps topics
}

func planOf(options config.Values) plan {
	p := plan{
		create:      options.Bool(optionAutoCreate),
		partitions:  int32(options.Int(optionPartitions)),
		replication: int16(options.Int(optionReplication)),
	}
	if p.replication == 0 {
		p.replication = -1
	}
	return p
}

// prepareTopic finds a topic, or makes it if the plan is so, and waits until it has leaders.
func (l *link) prepareTopic(ctx context.Context, name string, plan plan) (topic, error) {
	if !isTopicName(name) {
		return topic{}, fmt.Errorf("%w: %q cannot be a topic%s", queues.ErrBadConfig, name, invalidTopic)
	}
	for created := false; ; {
		found, err := l.findTopic(ctx, name)
		switch {
		case err == nil:
			return found, nil
		case errors.Is(err, kerr.UnknownTopicOrPartition) && !created && plan.create:
			if err := l.createTopic(ctx, name, plan); err != nil {
				return topic{}, fail(ctx, "creating topic "+name, err)
			}
			created = true
			continue
		case errors.Is(err, kerr.UnknownTopicOrPartition) && !created:
			return topic{}, fmt.Errorf("%w: there is no topic %s, and %s is false; create it, or set that to true", queues.ErrBadConfig, name, optionAutoCreate)
		case created && errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.LeaderNotAvailable):
		default:
			return topic{}, fail(ctx, "looking for topic "+name, err)
		}
		timer := time.NewTimer(10 * time.Millisecond) // brokers learn of it one after the other
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return topic{}, fmt.Errorf("waiting for leaders of topic %s: %w", name, ctx.Err())
		}
	}
}

// isTopicName tells whether Kafka takes a name for a topic.
func isTopicName(name string) bool {
	const longest = 249
	strange := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	}
	return name != "" && name != "." && name != ".." && len(name) <= longest && !strings.ContainsFunc(name, strange)
}

func (l *link) findTopic(ctx context.Context, name string) (topic, error) {
	details, err := l.admin.ListTopics(ctx, name)
	if err != nil {
		return topic{}, err
	}
	detail, ok := details[name]
	switch {
	case !ok:
		return topic{}, kerr.UnknownTopicOrPartition
	case detail.Err != nil:
		return topic{}, detail.Err
	}
	for _, partition := range detail.Partitions {
		if partition.Leader < 0 {
			return topic{}, kerr.LeaderNotAvailable
		}
	}
	found := topic{name: name, id: detail.ID, partitions: len(detail.Partitions), maxBytes: l.maxBytes(ctx, name)}
	l.setBatchLimit(name, int32(min(found.maxBytes, 64<<20)))
	return found, nil
}

// refresh has the client ask for a topic that it may have found missing a moment ago: it remembers that.
func (l *link) refresh(ctx context.Context, name string) error {
	request := kmsg.NewPtrMetadataRequest()
	wanted := kmsg.NewMetadataRequestTopic()
	wanted.Topic = kmsg.StringPtr(name)
	request.Topics = append(request.Topics, wanted)
	_, err := request.RequestWith(ctx, l.client)
	return err
}

// maxBytes asks for the largest batch of a topic. Who may not ask gets what is usual.
func (l *link) maxBytes(ctx context.Context, name string) int {
	const key = "max.message.bytes"
	configs, err := l.admin.DescribeTopicConfigs(ctx, name)
	if err == nil {
		for _, entry := range configs {
			for _, value := range entry.Configs {
				if limit, err := strconv.Atoi(value.MaybeValue()); value.Key == key && err == nil {
					return limit
				}
			}
		}
	}
	return defaultMaxMessageBytes
}

func (l *link) createTopic(ctx context.Context, name string, plan plan) error {
	configs := map[string]*string{}
	if plan.keep {
		configs["retention.ms"] = kadm.StringPtr("-1")
	}
	if plan.maxPayload > defaultMaxMessageBytes-headroom {
		configs["max.message.bytes"] = kadm.StringPtr(strconv.Itoa(plan.maxPayload + headroom))
	}
	_, err := l.admin.CreateTopic(ctx, plan.partitions, plan.replication, configs, name)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return nil // another one was faster
	}
	return err
}

// clearTopic removes every record that is there now, and returns how far it went.
func (l *link) clearTopic(ctx context.Context, name string) (map[int32]int64, error) {
	ends, err := l.admin.ListEndOffsets(ctx, name)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, err
	}
	upTo, offsets := map[int32]int64{}, make(kadm.Offsets)
	ends.Each(func(end kadm.ListedOffset) {
		upTo[end.Partition] = end.Offset
		offsets.AddOffset(name, end.Partition, end.Offset, -1)
	})
	answers, err := l.admin.DeleteRecords(ctx, offsets)
	if err == nil {
		err = answers.Error()
	}
	return upTo, err
}

// deadSuffix makes the name of the topic of dead messages.
const deadSuffix = ".dead"
