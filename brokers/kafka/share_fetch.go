package kafka

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetch asks for records, and settles what there is to settle with the same request.
func (s *shareSession) fetch(t task) error {
	c := s.consumer
	request := kmsg.NewPtrShareFetchRequest()
	request.GroupID, request.MemberID = &c.session.group, &c.memberId
	request.ShareSessionEpoch = s.epoch
	request.MinBytes, request.MaxBytes = 1, mostFetchBytes
	request.MaxRecords, request.BatchSize = int32(t.records), int32(t.records)
	request.ShareAcquireMode = 1 // no more than MaxRecords
	cold := s.addPartitions(request, t.acks)
	if cold {
		request.MaxWaitMillis = int32(coldWait / time.Millisecond)
	} else if len(t.acks) == 0 {
		request.MaxWaitMillis = int32(s.nextWait() / time.Millisecond)
	}
	answer, err := s.request(request)
	c.mu.Lock()
	c.asked -= t.records
	s.ended = s.begun
	c.warm = c.warm || err == nil && cold
	c.mu.Unlock()
	if err != nil {
		s.failToSay(t.acks, fail(c.work, "asking broker "+fmt.Sprint(s.broker), err))
		return err
	}
	response := answer.(*kmsg.ShareFetchResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		s.failToSay(t.acks, sessionError(err))
		return err
	}
	s.epoch++
	s.takeIn(response, t.acks)
	return nil
}

// nextWait is how long a fetch may wait: the longer the longer nothing has happened.
func (s *shareSession) nextWait() time.Duration {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	wait, most := s.wait, mostFetchWait
	if len(s.held) > 0 {
		most = holdingWait
	}
	for _, t := range c.takers {
		if !t.wait {
			return 0
		}
	}
	s.wait = min(2*s.wait, mostFetchWait)
	return min(wait, most/time.Duration(max(1, len(c.sessions))))
}

// addPartitions tells the broker about partitions that it does not know to be wanted, or that are wanted no
// longer, and adds what is to be settled. It tells whether a partition is new to the session: then the broker may
// have to read first what it knows of it, and says until it has done so that there is nothing.
func (s *shareSession) addPartitions(request *kmsg.ShareFetchRequest, acks []*ack) (cold bool) {
	c := s.consumer
	c.mu.Lock()
	wanted := s.wanted
	c.mu.Unlock()
	topic := kmsg.NewShareFetchRequestTopic()
	topic.TopicID = c.session.topic.id
	batches := batchesOf(acks)
	for partition := range wanted {
		_, known := s.known[partition]
		if known && len(batches[partition]) == 0 {
			continue
		}
		s.known[partition] = struct{}{}
		cold = cold || !known
		topic.Partitions = append(topic.Partitions, fetchOf(partition, batches[partition]))
		delete(batches, partition)
	}
	for partition, left := range batches {
		s.known[partition] = struct{}{}
		topic.Partitions = append(topic.Partitions, fetchOf(partition, left))
	}
	if len(topic.Partitions) > 0 {
		request.Topics = append(request.Topics, topic)
	}
	forgotten := kmsg.NewShareFetchRequestForgottenTopicsData()
	forgotten.TopicID = topic.TopicID
	for partition := range s.known {
		if _, ok := wanted[partition]; !ok {
			forgotten.Partitions = append(forgotten.Partitions, partition)
			delete(s.known, partition)
		}
	}
	if len(forgotten.Partitions) > 0 {
		request.ForgottenTopicsData = append(request.ForgottenTopicsData, forgotten)
	}
	return cold
}

func fetchOf(partition int32, batches []ackBatch) kmsg.ShareFetchRequestTopicPartition {
	p := kmsg.NewShareFetchRequestTopicPartition()
	p.Partition = partition
	p.PartitionMaxBytes = mostFetchBytes
	for _, batch := range batches {
		b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
		b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = batch.first, batch.last, []int8{batch.kind}
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	return p
}

// takeIn works on the answer to a fetch.
func (s *shareSession) takeIn(response *kmsg.ShareFetchResponse, acks []*ack) {
	c := s.consumer
	var handles []*shareHandle
	results := map[int32]error{}
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			p := &topic.Partitions[i]
			results[p.Partition] = kerr.ErrorForCode(p.AcknowledgeErrorCode)
			err := kerr.ErrorForCode(p.ErrorCode)
			if hasLetGo(results[p.Partition]) || hasLetGo(err) {
				s.void(p.Partition) // before its records are read: these are locked anew
			}
			if err != nil {
				s.forgetPartition(p.Partition, err)
				continue
			}
			handles = append(handles, s.decode(p)...)
		}
	}
	handles = s.fresh(handles, acks, results)
	s.conclude(acks, results)
	if s.broken != nil {
		return // these records are lost with the session
	}
	c.mu.Lock()
	if lock := time.Duration(response.AcquisitionLockTimeoutMillis) * time.Millisecond; lock > 0 {
		s.lock = lock
	}
	handles = slices.DeleteFunc(handles, s.isLost) // while acks were said again
	for _, h := range handles {
		s.hold(h)
	}
	if len(handles) > 0 || len(acks) > 0 {
		s.wait = leastFetchWait
	}
	if len(handles) == 0 {
		c.serve() // those who do not wait
	}
	c.mu.Unlock()
	if len(handles) > 0 {
		c.sortOut(handles)
	}
}

// fresh leaves out records that we have already: a broker that let go of what it had locked, of which we have not heard,
// may lock it for us once more. Who has such a record settles it by the same offset, and if that is on its way, or was
// refused just now, it is what will be said of it. Handed out again it would be worked on twice.
func (s *shareSession) fresh(handles []*shareHandle, acks []*ack, results map[int32]error) []*shareHandle {
	if len(handles) == 0 {
		return handles
	}
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	type place struct {
		partition int32
		offset    int64
	}
	of := func(h *shareHandle) place { return place{h.record.Partition, h.record.Offset} }
	held := make(map[place]*shareHandle, len(s.held))
	for h := range s.held {
		held[of(h)] = h
	}
	settled := make(map[place]*ack, len(s.acks))
	for _, a := range s.acks {
		if a.handle != nil {
			settled[of(a.handle)] = a
		}
	}
	for _, a := range acks {
		if a.handle != nil && errors.Is(results[a.of()], kerr.InvalidRecordState) {
			settled[of(a.handle)] = a
		}
	}
	return slices.DeleteFunc(handles, func(h *shareHandle) bool {
		if known := held[of(h)]; known != nil {
			known.renewed = h.renewed
			return true
		}
		a := settled[of(h)]
		if a != nil {
			a.relocked = true
		}
		return a != nil
	})
}

// forgetPartition follows up on a partition that the broker has nothing for, most likely because it does not lead it.
func (s *shareSession) forgetPartition(partition int32, err error) {
	c := s.consumer
	delete(s.known, partition)
	c.wantRefresh()
	if !errors.Is(err, kerr.NotLeaderForPartition) && !errors.Is(err, kerr.FencedLeaderEpoch) {
		return
	}
	c.mu.Lock()
	wanted := map[int32]struct{}{}
	for p := range s.wanted {
		if p != partition {
			wanted[p] = struct{}{}
		}
	}
	s.wanted = wanted // until the new leader is known
	c.mu.Unlock()
}

// decode reads the records of a partition that the broker has locked for us. Of offsets without a
// record, which compaction and transactions leave behind, it tells the broker so.
func (s *shareSession) decode(p *kmsg.ShareFetchResponseTopicPartition) []*shareHandle {
	c := s.consumer
	part := kmsg.NewFetchResponseTopicPartition()
	part.Partition, part.RecordBatches = p.Partition, p.Records
	fetched, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: c.session.topic.name, Partition: p.Partition}, &part, kgo.DefaultDecompressor(), nil)
	records := fetched.Records
	gap := ackGap
	if fetched.Err != nil {
		gap = ackRelease // what cannot be read now may be readable when it comes again
	}
	now := time.Now()
	var handles []*shareHandle
	var gaps []*ack
	c.mu.Lock()
	generation := s.generation
	c.mu.Unlock()
	for _, acquired := range p.AcquiredRecords {
		next := acquired.FirstOffset
		for len(records) > 0 && records[0].Offset <= acquired.LastOffset {
			record := records[0]
			records = records[1:]
			if record.Offset < acquired.FirstOffset {
				continue
			}
			if record.Offset > next {
				gaps = append(gaps, &ack{partition: p.Partition, first: next, last: record.Offset - 1, kind: gap})
			}
			next = record.Offset + 1
			handles = append(handles, &shareHandle{
				session: s, generation: generation, record: record, count: max(1, int(acquired.DeliveryCount)), renewed: now,
			})
		}
		if next <= acquired.LastOffset {
			gaps = append(gaps, &ack{partition: p.Partition, first: next, last: acquired.LastOffset, kind: gap})
		}
	}
	if len(gaps) > 0 {
		c.mu.Lock()
		s.acks = append(s.acks, gaps...)
		c.mu.Unlock()
	}
	return handles
}
