package kafka

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// session is what one Open has made.
type session struct {
	lease    *connect.Lease[*link]
	link     *link
	topic    topic
	group    string
	mode     string
	options  config.Values
	params   queues.StorageParams
	confirm  bool                                                        // Complete waits until the broker has noted it
	order    func(*queues.MessageEnvelope) (common string, ordered bool) // nil: messages have nothing in common
	consumer consumer
	delays   *delays
	outer    *session // of the queue, if this one reads its delayed messages

	mu      sync.Mutex
	closed  bool
	sending sync.WaitGroup
}

// newSession connects, and reads the options.
func (st *storage) newSession(ctx context.Context, params queues.StorageParams) (*session, error) {
	order, err := orderBy(params.Options.String(optionOrderBy))
	if err != nil {
		return nil, err
	}
	s := &session{options: params.Options, params: params, order: order}
	if s.lease, err = connect.Acquire(ctx, params.Target(), params.Connection, client()); err != nil {
		return nil, err
	}
	s.link = s.lease.Client
	return s, nil
}

// prepare makes or checks what the queue needs on the server, and chooses the mode.
func (s *session) prepare(ctx context.Context, dead bool) error {
	p := planOf(either(s.options, s.lease.Options))
	p.maxPayload = s.options.Int(config.MaxMessageSize)
	name, group := s.names(dead)
	if dead {
		p.keep, p.partitions = true, 1
		s.order = nil
	}
	s.group = group
	if err := s.chooseMode(); err != nil {
		return err
	}
	var err error
	if s.topic, err = s.link.prepareTopic(ctx, name, p); err != nil {
		return err
	}
	if partition := s.options.Int(optionPartition); partition >= s.topic.partitions && !dead {
		return fmt.Errorf("%w: %s is %d, and topic %s has partitions 0 to %d", queues.ErrBadConfig, optionPartition, partition, name, s.topic.partitions-1)
	}
	s.confirm = s.options.Bool(optionConfirm)
	s.delays = newDelays(s, p, dead)
	if s.mode == modeShare {
		settings, err := s.link.prepareShareGroup(ctx, group, s.options.Bool(keyFromBeginning) || dead)
		if err != nil {
			return err
		}
		s.consumer = newShareConsumer(s, settings)
		return nil
	}
	s.consumer = newGroupConsumer(s, s.options.Bool(keyFromBeginning) || dead)
	return nil
}

// names are those of topic and group. Each group has dead messages of its own.
func (s *session) names(dead bool) (topic, group string) {
	topic, group = s.options.String(keyTopic), s.options.String(keyGroupId)
	if topic == "" {
		topic = s.params.Queue
		if dead {
			topic = strings.TrimSuffix(topic, deadSuffix)
		}
	}
	if group == "" {
		group = topic
	}
	if !dead {
		return topic, group
	}
	if group != topic {
		topic += "." + group
	}
	return topic + deadSuffix, topic + deadSuffix
}

// audience is the group that copies of records must be for.
func (s *session) audience() string {
	if s.outer != nil {
		return s.outer.group
	}
	return s.group
}

// chooseMode decides between share and group by what is wanted and what the cluster can do.
func (s *session) chooseMode() error {
	s.mode = s.options.String(optionMode)
	switch {
	case s.mode == modeAuto && s.order != nil:
		s.mode = modeGroup
	case s.mode == modeAuto && s.link.shares:
		s.mode = modeShare
	case s.mode == modeAuto:
		s.mode = modeGroup
	case s.mode == modeShare && !s.link.shares:
		return fmt.Errorf("%w: %s is %s, which needs a cluster of Kafka 4.2 or newer with the feature %s at 1; upgrade it, or set %s: %s",
			queues.ErrNotSupported, optionMode, modeShare, featureOfShares, optionMode, modeGroup)
	case s.mode == modeShare && s.order != nil:
		return fmt.Errorf("%w: %s needs %s: %s; a share group keeps no order", queues.ErrBadConfig, optionOrderBy, optionMode, modeGroup)
	}
	return nil
}

// either returns what is set for the queue, or else for the connection that it shares.
func either(queue, connection config.Values) config.Values {
	for _, key := range []string{optionAutoCreate, optionPartitions, optionReplication} {
		if queue.IsSet(key) {
			return queue
		}
	}
	return connection
}

const headerPrefix = "header:"

// orderBy reads options.order_by: what messages must have in common to be kept in order.
func orderBy(text string) (func(*queues.MessageEnvelope) (string, bool), error) {
	name, isHeader := strings.CutPrefix(text, headerPrefix)
	switch {
	case text == "":
		return nil, nil
	case text == headerCorrelationId:
		return func(m *queues.MessageEnvelope) (string, bool) { return m.CorrelationId, m.CorrelationId != "" }, nil
	case text == headerMessageType:
		return func(m *queues.MessageEnvelope) (string, bool) { return m.MessageType, m.MessageType != "" }, nil
	case isHeader && name != "":
		return func(m *queues.MessageEnvelope) (string, bool) {
			value, ok := m.Headers[name]
			return value, ok
		}, nil
	}
	return nil, fmt.Errorf("%w: %s: %q is not known; write %s, %s or %sNAME", queues.ErrBadConfig, optionOrderBy, text, headerCorrelationId, headerMessageType, headerPrefix)
}

// beginSending notes that something is on its way, until sending.Done. It reports false when the session is closed.
func (s *session) beginSending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sending.Add(1)
	}
	return !s.closed
}

// awaitSending lets what is on its way arrive, while ctx lives.
func (s *session) awaitSending(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	arrived := make(chan struct{})
	go func() {
		s.sending.Wait() // the client ends all when it is closed
		close(arrived)
	}()
	select {
	case <-arrived:
	case <-ctx.Done():
	}
}

// partitionOf is where a message goes; anyPartition lets the client choose.
func (s *session) partitionOf(message *queues.MessageEnvelope, dead bool) int32 {
	if dead {
		return anyPartition
	}
	if s.order != nil && !s.options.IsSet(optionPartition) {
		if common, ok := s.order(message); ok {
			return partitionFor(common, s.topic.partitions)
		}
	}
	return int32(s.options.Int(optionPartition))
}
