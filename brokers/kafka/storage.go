package kafka

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// storage is a queue in a topic.
type storage struct {
	parent *storage // whose dead messages this one keeps, and whose link it shares; nil for none

	mu      sync.Mutex
	current *session // nil while closed
	traits  queues.Traits
}

func newStorage() *storage { return &storage{traits: atBest()} }

var _ interface {
	queues.Storage
	queues.Counter
	queues.StateCounter
	queues.Purger
	queues.DelayedPutter
	queues.DelayedReleaser
	queues.SiblingMaker
	queues.OriginalKeeper
	queues.OptionDescriber
} = (*storage)(nil)

// consumer takes messages, in one of two ways.
type consumer interface {
	take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error)
	complete(ctx context.Context, handle any) error
	completeBatch(ctx context.Context, handles []any) []error
	release(ctx context.Context, handle any, counted bool) error

	// origin is the record of a taken message and how often that has been delivered; nil if it is not held any more.
	origin(handle any) (record *kgo.Record, deliveries int)

	// count tells how many messages are ready, lag how many are not done with.
	count(ctx context.Context) (int64, error)
	lag(ctx context.Context) (int64, error)

	// forget tells that records before these offsets, by partition, have been removed.
	forget(upTo map[int32]int64)

	close(ctx context.Context)
}

func atBest() queues.Traits {
	return queues.Traits{Locks: queues.LocksByBase, Ordered: true, Durable: true, NeedsServer: true, Prefetch: prefetch, GroupMax: mostCompleted}
}

// prefetch is how many messages a listener takes ahead: each Take is a round trip to the broker.
const prefetch = 100

// prefetchMax is how far that grows in mode share while receivers are fast: with the one to start, what one
// fetch may bring.
const prefetchMax = mostRecords - 1

// mostCompleted is how many messages a listener completes together: fast receivers get through as much as a fetch
// brings while a confirmation is under way.
const mostCompleted = 1024

func (st *storage) Traits() queues.Traits {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.traits
}

func (st *storage) Options() []config.Option { return queueOptions() }

// Sibling makes the storage of the dead messages.
func (st *storage) Sibling(string) queues.Storage {
	return &storage{parent: st, traits: atBest()}
}

func (st *storage) Open(ctx context.Context, params queues.StorageParams) error {
	s, err := st.newSession(ctx, params)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, st.parent != nil); err != nil {
		s.lease.Release()
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.current = s
	st.traits = atBest()
	st.traits.MaxMessageSize = s.topic.maxPayload()
	st.traits.Remark = fmt.Sprintf("topic %s of Kafka in mode %s, group %s", s.topic.name, s.mode, s.group)
	st.traits.Ordered = s.mode == modeGroup && s.topic.partitions == 1
	if s.mode == modeShare {
		st.traits.PrefetchMax = prefetchMax
		// The broker counts what other consumers hold, too.
		st.traits.Without = append(st.traits.Without, queues.CapabilityMessageCount)
	}
	if !s.delays.possible(ctx) {
		st.traits.Without = append(st.traits.Without, queues.CapabilityDelay)
	}
	s.delays.start()
	return nil
}

func (st *storage) Close(ctx context.Context) error {
	st.mu.Lock()
	s := st.current
	st.current = nil
	st.mu.Unlock()
	if s != nil {
		s.delays.close(ctx)
		s.consumer.close(ctx)
		s.awaitSending(ctx)
		s.lease.Release()
	}
	return nil
}

func (st *storage) session() *session {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.current
}

func (st *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	s := st.session()
	if s == nil || !s.beginSending() {
		return queues.ErrNotOpened
	}
	defer s.sending.Done()
	record := newRecord(s.topic.name, message)
	record.Partition = s.partitionOf(message, st.parent != nil)
	return fail(ctx, "producing to topic "+s.topic.name, s.link.produce(ctx, record))
}

func (st *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	s := st.session()
	if s == nil {
		return 0, queues.ErrNotOpened
	}
	s.delays.want()
	return s.consumer.take(ctx, dst, wait)
}

func (st *storage) Complete(ctx context.Context, handle any) error {
	s := st.session()
	if s == nil {
		return queues.ErrNotOpened
	}
	return fail(ctx, "completing a message", s.consumer.complete(ctx, handle))
}

func (st *storage) Release(ctx context.Context, handle any, counted bool) error {
	s := st.session()
	if s == nil {
		return queues.ErrNotOpened
	}
	return fail(ctx, "releasing a message", s.consumer.release(ctx, handle, counted))
}

// Original returns a taken message as it was sent. The record of it is the consumer's own.
func (st *storage) Original(handle any) *queues.MessageEnvelope {
	if h, ok := handle.(interface{ envelope() queues.MessageEnvelope }); ok {
		envelope := h.envelope()
		return &envelope
	}
	return &queues.MessageEnvelope{}
}

func (st *storage) Count(ctx context.Context) (int64, error) {
	s := st.session()
	if s == nil {
		return 0, queues.ErrNotOpened
	}
	count, err := s.consumer.count(ctx)
	return max(0, count), fail(ctx, "counting messages", err)
}

// Purge removes what is in the topic, for every group.
func (st *storage) Purge(ctx context.Context) error {
	s := st.session()
	if s == nil {
		return queues.ErrNotOpened
	}
	if err := s.delays.clear(ctx); err != nil {
		return fail(ctx, "deleting the records of topic "+s.delays.topic, err)
	}
	upTo, err := s.link.clearTopic(ctx, s.topic.name)
	if err != nil {
		return fail(ctx, "deleting the records of topic "+s.topic.name, err)
	}
	s.consumer.forget(upTo)
	return nil
}
