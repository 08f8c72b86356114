package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// KafkaConnection is the client that several queues share: those that name it under
// dependencies.connection. Each queue that receives has one more connection to each broker, since the
// broker ties to it what a consumer holds.
//
// Configuration parameters: connection(s).*, credential(s).*, client_id, options.connect_timeout and
// .request_timeout, and for topics that are created options.auto_create, .num_partitions and
// .replication_factor, which hold for queues that set none of the three. References, optional: *:discovery,
// *:credential-store.
type KafkaConnection struct {
	*connect.Connection[*link]
}

var _ connect.IMessageQueueConnection = (*KafkaConnection)(nil)

// NewKafkaConnection makes a closed connection.
func NewKafkaConnection() *KafkaConnection {
	return &KafkaConnection{connect.NewConnection(client())}
}

// ReadQueueNames lists the topics, but for those that Kafka keeps for itself.
func (c *KafkaConnection) ReadQueueNames() ([]string, error) {
	names := []string{}
	err := c.Do("listing topics", func(ctx context.Context, l *link, _ config.Values) error {
		topics, err := l.admin.ListTopics(ctx)
		if err == nil {
			names = topics.Names()
		}
		return classify(ctx, err)
	})
	return names, err
}

// CreateQueue makes the topics of a queue, of its delayed and of its dead messages, unless they are there.
func (c *KafkaConnection) CreateQueue(name string) error {
	return c.Do("creating queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		p := planOf(options)
		p.create = true
		if _, err := l.prepareTopic(ctx, name, p); err != nil {
			return err
		}
		p.keep, p.partitions = true, 1
		for _, suffix := range []string{deadSuffix, delayedSuffix} {
			if _, err := l.prepareTopic(ctx, name+suffix, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteQueue removes the topics of a queue, of its delayed and of its dead messages, with all that is in them; a no-op where
// there are none.
func (c *KafkaConnection) DeleteQueue(name string) error {
	return c.Do("deleting queue "+name, func(ctx context.Context, l *link, _ config.Values) error {
		answers, err := l.admin.DeleteTopics(ctx, name, name+delayedSuffix, name+deadSuffix, name+deadSuffix+delayedSuffix)
		if err != nil {
			return classify(ctx, err)
		}
		var faults []error
		for _, answer := range answers {
			if answer.Err != nil && !errors.Is(answer.Err, kerr.UnknownTopicOrPartition) {
				faults = append(faults, classify(ctx, answer.Err))
			}
		}
		return errors.Join(faults...)
	})
}
