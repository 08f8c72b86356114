package kafka

import (
	"context"
	"fmt"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// KafkaMessageQueue is a queue in a topic of Kafka, in mode share or group: see the package.
//
// Configuration parameters: name, queue, topic, group_id, from_beginning, client_id, the options.* of every
// queue (docs/options.md of the core) and those of this kind (README.md), and
//
//	connection(s): host, port, uri, protocol (tcp, tls), tls.*, discovery_key
//	credential(s): username, password, mechanism (plain, scram-sha-256, scram-sha-512), store_key
//	dependencies.connection: a KafkaConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:kafka, and *:message-queue for options.dead_letter_queue.
type KafkaMessageQueue struct {
	*queues.MessageQueue
	storage *storage
}

var _ queues.IMessageQueueOverrides = (*KafkaMessageQueue)(nil)

// NewKafkaMessageQueue makes a closed queue of that name.
func NewKafkaMessageQueue(name string) *KafkaMessageQueue {
	c := &KafkaMessageQueue{storage: newStorage()}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, c.storage)
	return c
}

// Mode tells in which mode the queue works, "share" or "group"; "" while it is closed.
func (c *KafkaMessageQueue) Mode() string {
	if s := c.storage.session(); s != nil {
		return s.mode
	}
	return ""
}

// Lag tells how many messages the group has not done with, those that consumers hold included: in mode share
// this is what the broker can tell, and ReadMessageCount is not supported. Errors: ErrNotOpened, ErrNoConnection.
func (c *KafkaMessageQueue) Lag(ctx context.Context) (int64, error) {
	s := c.storage.session()
	if s == nil {
		return 0, fmt.Errorf("queue %s: reading the lag: %w", c.Name(), queues.ErrNotOpened)
	}
	lag, err := s.consumer.lag(ctx)
	return lag, fail(ctx, "queue "+c.Name()+": reading the lag", err)
}
