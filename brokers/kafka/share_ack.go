package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What can be said of a record.
const (
	ackGap     int8 = 0 // there is none at this offset
	ackAccept  int8 = 1
	ackRelease int8 = 2
	ackRenew   int8 = 4
)

// ack is something to be said about a record, or about offsets without any.
type ack struct {
	handle      *shareHandle // nil: for the offsets first to last
	partition   int32
	first, last int64
	kind        int8
	verdict     *verdict // gets the result; nil: nobody waits for it
	place       int      // in verdict
	err         error    // of one that its session failed to say
	relocked    bool     // the broker has locked the record for us once more, since this was to be said
}

// of is the partition that it is about.
func (a *ack) of() int32 {
	if a.handle != nil {
		return a.handle.record.Partition
	}
	return a.partition
}

func (a *ack) finish(err error) {
	if a.verdict != nil {
		a.verdict.note(a.place, err)
	}
}

func finishAll(acks []*ack, err error) {
	for _, a := range acks {
		a.finish(err)
	}
}

// ackBatch is offsets next to each other about which the same is said.
type ackBatch struct {
	first, last int64
	kind        int8
}

// batchesOf puts acks together, by partition, in the order of offsets.
func batchesOf(acks []*ack) map[int32][]ackBatch {
	batches := map[int32][]ackBatch{}
	for _, a := range acks {
		if a.handle != nil {
			a.partition, a.first, a.last = a.handle.record.Partition, a.handle.record.Offset, a.handle.record.Offset
		}
		batches[a.partition] = append(batches[a.partition], ackBatch{a.first, a.last, a.kind})
	}
	for partition, list := range batches {
		slices.SortFunc(list, func(a, b ackBatch) int { return cmp.Compare(a.first, b.first) })
		merged := list[:1]
		for _, next := range list[1:] {
			last := &merged[len(merged)-1]
			if next.kind == last.kind && next.first == last.last+1 {
				last.last = next.last
				continue
			}
			merged = append(merged, next)
		}
		batches[partition] = merged
	}
	return batches
}

// acknowledge sends acks by themselves.
func (s *shareSession) acknowledge(acks []*ack, renewing bool) error {
	c := s.consumer
	request := kmsg.NewPtrShareAcknowledgeRequest()
	request.GroupID, request.MemberID = &c.session.group, &c.memberId
	request.ShareSessionEpoch, request.IsRenewAck = s.epoch, renewing
	topic := kmsg.NewShareAcknowledgeRequestTopic()
	topic.TopicID = c.session.topic.id
	for partition, batches := range batchesOf(acks) {
		p := kmsg.NewShareAcknowledgeRequestTopicPartition()
		p.Partition = partition
		for _, batch := range batches {
			b := kmsg.NewShareAcknowledgeRequestTopicPartitionAcknowledgementBatch()
			b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = batch.first, batch.last, []int8{batch.kind}
			p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
		}
		topic.Partitions = append(topic.Partitions, p)
	}
	if len(topic.Partitions) > 0 {
		request.Topics = append(request.Topics, topic)
	}
	answer, err := s.request(request)
	if err != nil {
		s.failToSay(acks, fail(context.Background(), "asking broker "+fmt.Sprint(s.broker), err))
		return err
	}
	response := answer.(*kmsg.ShareAcknowledgeResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		s.failToSay(acks, sessionError(err))
		return err
	}
	if s.epoch != leavingEpoch {
		s.epoch++
	}
	results := map[int32]error{}
	for _, topic := range response.Topics {
		for _, p := range topic.Partitions {
			results[p.Partition] = kerr.ErrorForCode(p.ErrorCode)
			if hasLetGo(results[p.Partition]) {
				s.void(p.Partition)
				c.wantRefresh()
			}
		}
	}
	s.conclude(acks, results)
	if !renewing {
		s.wait = leastFetchWait
	}
	return nil
}

// failToSay keeps acks until lose has told the base what is void now: who waits for them goes on to what was taken ahead.
func (s *shareSession) failToSay(acks []*ack, err error) {
	for _, a := range acks {
		a.err = err
	}
	s.unsaid = append(s.unsaid, acks...)
}

// sessionError is what becomes of acks when the broker does not know the session that they belong to.
func sessionError(err error) error {
	if errors.Is(err, kerr.ShareSessionNotFound) || errors.Is(err, kerr.InvalidShareSessionEpoch) {
		return fmt.Errorf("%w: %w", queues.ErrLockLost, err)
	}
	return classify(context.Background(), err)
}

// hasLetGo tells by the error of a partition whether the broker has let go of all records there. Their locks are in the
// memory of the leader only, which drops them when it is not the leader any more, even if it is again soon after: a broker
// that is busy loses its leadership when its controller does not hear of it in time.
func hasLetGo(err error) bool {
	return errors.Is(err, kerr.NotLeaderForPartition) || errors.Is(err, kerr.FencedLeaderEpoch) || errors.Is(err, kerr.FencedStateEpoch) ||
		errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) || isUnknownGroup(err)
}

// conclude tells those who wait what the broker says. It refuses all acks of a partition if one of them comes
// too late; those then are said again one by one.
func (s *shareSession) conclude(acks []*ack, results map[int32]error) {
	suspects := map[int32]int{}
	for _, a := range acks {
		suspects[a.partition]++
	}
	for _, a := range acks {
		err, answered := results[a.partition]
		switch {
		case !answered:
			err = queues.ErrLockLost // it is not the broker's partition any more
		case errors.Is(err, kerr.InvalidRecordState) && (suspects[a.partition] > 1 || a.relocked):
			s.alone(a)
			continue
		case hasLetGo(err), errors.Is(err, kerr.InvalidRecordState):
			err = fmt.Errorf("%w: %w", queues.ErrLockLost, err)
		}
		switch {
		case err == nil || a.handle == nil:
		case a.kind == ackRenew:
			s.drop(a.handle)
		case errors.Is(err, queues.ErrLockLost):
		case a.verdict == nil:
			s.repeat(a) // nobody else will
			continue
		default:
			s.keep(a.handle) // it may be settled another time
		}
		a.finish(err)
	}
}

// alone says one thing again, by itself.
func (s *shareSession) alone(a *ack) {
	if s.broken != nil {
		s.failToSay([]*ack{a}, queues.ErrLockLost)
		return
	}
	a.relocked = false
	s.broken = s.acknowledge([]*ack{a}, a.kind == ackRenew)
}

// repeat says something again soon.
func (s *shareSession) repeat(a *ack) {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	s.acks = append(s.acks, a)
	s.patience = true
}

// keep goes on holding a record that could not be settled.
func (s *shareSession) keep(h *shareHandle) {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.isLost(h) {
		s.hold(h)
	}
}

// holds tells whether the broker has locked a record for us, as far as we know.
func (s *shareSession) holds(h *shareHandle) bool {
	s.consumer.mu.Lock()
	defer s.consumer.mu.Unlock()
	_, held := s.held[h]
	return held
}

// letGo has the lock on a record run out.
func (s *shareSession) letGo(h *shareHandle) {
	s.consumer.mu.Lock()
	defer s.consumer.mu.Unlock()
	delete(s.held, h)
}

// drop lets go of a record whose lock could not be renewed.
func (s *shareSession) drop(h *shareHandle) {
	s.letGo(h)
	s.consumer.session.params.Void(func(handle any) bool { return handle == any(h) })
}
