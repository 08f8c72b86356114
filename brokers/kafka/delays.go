package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// delays is what a queue does about messages that become ready later. They wait in a topic of their own, which is made
// when the first of them comes, and which every process that has the queue open watches: see mover. What is released for
// a short time only, or must keep its place, waits where it is: the base keeps it.
type delays struct {
	session *session
	dead    bool // the messages of the queue are dead ones
	topic   string
	plan    plan
	making  chan struct{} // holds a token while somebody looks for the topic, or makes it
	found   bool          // guarded by making
	once    sync.Once
	wanted  chan struct{} // closed when this process shall not wait for others to move what is due
	mover   *mover
}

// delayedSuffix makes the name of the topic of delayed messages.
const delayedSuffix = ".delayed"

// leastTravel is the shortest delay for which a released message goes through the topic: a group that has just been made
// takes three seconds to begin (group.initial.rebalance.delay.ms), and a short wait holds nothing up.
const leastTravel = 5 * time.Second

func newDelays(s *session, plan plan, dead bool) *delays {
	plan.keep, plan.partitions, plan.maxPayload = true, 1, s.topic.maxPayload()
	d := &delays{session: s, dead: dead, topic: delayedName(s.topic.name, s.group), plan: plan, making: make(chan struct{}, 1), wanted: make(chan struct{})}
	d.mover = newMover(d)
	return d
}

// delayedName is the topic, and the group, of the delayed messages of a topic and a group.
func delayedName(topic, group string) string {
	if group != topic {
		topic += "." + group
	}
	return topic + delayedSuffix
}

// possible tells whether there is a topic for delayed messages, or can be.
func (d *delays) possible(ctx context.Context) bool {
	if !isTopicName(d.topic) {
		return false
	}
	return d.plan.create || !errors.Is(d.find(ctx), kerr.UnknownTopicOrPartition)
}

func (d *delays) start() { d.mover.start() }

// want says that somebody receives, or that something is due soon.
func (d *delays) want() { d.once.Do(func() { close(d.wanted) }) }

// close lets others see to what is delayed.
func (d *delays) close(ctx context.Context) { d.mover.close(ctx) }

// find looks for the topic.
func (d *delays) find(ctx context.Context) error {
	return d.lookUp(ctx, func() (topic, error) {
		found, err := d.session.link.findTopic(ctx, d.topic)
		if errors.Is(err, kerr.UnknownTopicOrPartition) { // as far as the client remembers
			if err = d.session.link.refresh(ctx, d.topic); err == nil {
				found, err = d.session.link.findTopic(ctx, d.topic)
			}
		}
		return found, err
	})
}

// prepare finds the topic, or makes it.
func (d *delays) prepare(ctx context.Context) error {
	return d.lookUp(ctx, func() (topic, error) {
		l := d.session.link
		if d.plan.create { // before looking: the client would go by the answer that there is none for another 100 ms
			_ = l.createTopic(ctx, d.topic, d.plan) // who may not make it may find it
		}
		return l.prepareTopic(ctx, d.topic, d.plan)
	})
}

// lookUp calls look, one at a time, until it has found the topic.
func (d *delays) lookUp(ctx context.Context, look func() (topic, error)) error {
	select {
	case d.making <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.making }()
	if d.found {
		return nil
	}
	found, err := look()
	if d.found = err == nil; d.found {
		d.mover.consumer.session.topic.id = found.id // the mover has not begun: it looks here first
		ring(d.mover.bell)
	}
	return err
}

// put stores a record in the topic until it is due.
func (d *delays) put(ctx context.Context, record *kgo.Record, due time.Time) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if time.Until(due) <= graceOfSender {
		d.want() // nobody else may be there
	}
	record = copyTo(d.topic, record, kgo.RecordHeader{Key: headerDue, Value: []byte(due.UTC().Format(time.RFC3339Nano))})
	return fail(ctx, "producing to topic "+d.topic, d.session.link.produce(ctx, record))
}

// release gives a message back when it is due. It goes through the topic if it can: that outlives this process and
// holds up neither the position of a group nor a lock on the broker. Else the base keeps it.
func (d *delays) release(ctx context.Context, handle any, delay time.Duration) error {
	due := time.Now().Add(delay)
	s := d.session
	record, deliveries := s.consumer.origin(handle)
	if record == nil {
		return queues.ErrLockLost
	}
	if delay < leastTravel || s.keepsPlaces() {
		return s.stay(handle, nil)
	}
	if !s.beginSending() {
		return queues.ErrNotOpened
	}
	defer s.sending.Done()
	err := d.put(ctx, copyOf(record, deliveries, s.group), due)
	switch {
	case err == nil:
		return s.consumer.complete(ctx, handle)
	case ctx.Err() != nil:
		return err
	default: // such as a user who may not make topics
		return s.stay(handle, err)
	}
}

// stay leaves it to the base to keep a message until it is due.
func (s *session) stay(handle any, cause error) error {
	if group, ok := s.consumer.(*groupConsumer); ok {
		group.stay(handle.(*entry))
	}
	if cause != nil {
		return fmt.Errorf("%w by topic: %w", queues.ErrNotSupported, cause)
	}
	return queues.ErrNotSupported
}

// clear removes all that is delayed, also what another process is going to move.
func (d *delays) clear(ctx context.Context) error {
	err := d.find(ctx)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.mover.clear(ctx)
}

// count tells how many messages wait in the topic.
func (d *delays) count(ctx context.Context) (int64, error) {
	err := d.find(ctx)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return d.mover.consumer.lag(ctx)
}

// keepsPlaces tells whether a message that is released must come again at its old place.
func (s *session) keepsPlaces() bool {
	return s.mode == modeGroup && (s.order != nil || s.topic.partitions == 1)
}

// PutDelayed stores a message in the topic of the delayed ones.
func (st *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	due := time.Now().Add(delay)
	s := st.session()
	if s == nil || !s.beginSending() {
		return queues.ErrNotOpened
	}
	defer s.sending.Done()
	return s.delays.put(ctx, newRecord(s.topic.name, message), due)
}

// ReleaseDelayed gives a message back when it is due.
func (st *storage) ReleaseDelayed(ctx context.Context, handle any, delay time.Duration) error {
	s := st.session()
	if s == nil {
		return queues.ErrNotOpened
	}
	return fail(ctx, fmt.Sprintf("releasing a message for %s", delay), s.delays.release(ctx, handle, delay))
}

// CountByState tells what is locked only while all partitions are ours.
func (st *storage) CountByState(ctx context.Context) (ready, locked, delayed int64, err error) {
	s := st.session()
	if s == nil {
		return 0, 0, 0, queues.ErrNotOpened
	}
	if ready, err = s.consumer.count(ctx); err == nil {
		delayed, err = s.delays.count(ctx)
	}
	locked = -1
	if group, ok := s.consumer.(*groupConsumer); ok {
		taken, staying := group.taken()
		delayed += int64(staying)
		if group.ownsAll() {
			locked = int64(taken - staying)
		}
	}
	return max(0, ready), locked, max(0, delayed), fail(ctx, "counting messages by state", err)
}
