package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func newPartition(number int32, committed int64, note string) *partition {
	p := &partition{number: number, next: committed, settled: map[int64]struct{}{}, counts: map[int64]int{}}
	if committed >= 0 {
		p.recall(committed, note)
	}
	return p
}

// onAssigned begins with partitions where their last owners stopped.
func (c *groupConsumer) onAssigned(ctx context.Context, _ *kgo.Client, assigned map[string][]int32) {
	s := c.session
	numbers := assigned[s.topic.name]
	committed := map[int32]*partition{}
	for delay := leastPause; len(numbers) > 0; delay = min(2*delay, mostPause) {
		offsets, err := s.link.admin.FetchOffsetsForTopics(ctx, s.group, s.topic.name)
		if err == nil {
			err = offsets.Error()
		}
		if err == nil || isUnknownGroup(err) {
			for _, number := range numbers {
				offset, ok := offsets.Lookup(s.topic.name, number)
				if !ok {
					offset.At = -1
				}
				committed[number] = newPartition(number, offset.At, offset.Metadata)
			}
			break
		}
		if pauseFor(ctx, delay) != nil {
			break // without the note, what it says is done with comes again
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, number := range numbers {
		p := committed[number]
		if p == nil {
			p = newPartition(number, -1, "")
		}
		c.partitions[number] = p
	}
	c.joined = true
	c.tell()
}

// onRevoked commits what is settled before the partitions go to others.
func (c *groupConsumer) onRevoked(ctx context.Context, lost map[string][]int32) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c.mu.Lock()
	for _, number := range lost[c.session.topic.name] {
		if p := c.partitions[number]; p != nil {
			p.leaving = true
		}
	}
	c.mu.Unlock()
	_ = c.commitAll(ctx) // what fails comes again, at another member
	c.drop(lost)
}

// drop lets go of partitions. What is held of them is void.
func (c *groupConsumer) drop(lost map[string][]int32) {
	c.mu.Lock()
	for _, number := range lost[c.session.topic.name] {
		p := c.partitions[number]
		if p == nil {
			continue
		}
		p.leaving, p.lost = true, true
		delete(c.partitions, number)
		delete(c.dirty, p)
		for _, e := range p.entries {
			if e.state != entrySettled {
				c.tracked--
				c.bytes -= len(e.record.Value)
			}
			c.leaveLane(e)
		}
		p.entries = nil
	}
	left := c.settlers[:0:0]
	for _, s := range c.settlers {
		if s.partition.lost {
			s.done <- queues.ErrLockLost
		} else {
			left = append(left, s)
		}
	}
	c.settlers = left
	ring(c.room)
	c.tell()
	c.mu.Unlock()
	c.session.params.Void(func(handle any) bool {
		e, ok := handle.(*entry)
		return ok && e.partition.lost
	})
}

// keepCommitting commits what there is to commit, one commit after the other: those who settle meanwhile
// share the next one.
func (c *groupConsumer) keepCommitting() {
	pause := leastPause
	for {
		select {
		case <-c.commits:
		case <-c.work.Done():
			return
		}
		ctx, cancel := context.WithTimeout(c.linger, c.session.link.patient)
		err := c.commitAll(ctx)
		cancel()
		if err == nil {
			pause = leastPause
			continue
		}
		_ = pauseFor(c.work, pause)
		pause = min(2*pause, mostPause)
		ring(c.commits)
	}
}

// commitAll commits the positions of all partitions that have changed, with notes. What fails is kept for the
// next time.
func (c *groupConsumer) commitAll(ctx context.Context) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	offsets, notes := map[int32]int64{}, map[int32]string{}
	dirty, settlers := c.dirty, c.settlers
	c.dirty, c.settlers = map[*partition]struct{}{}, nil
	for p := range dirty {
		if position := p.position(); position >= 0 && !p.lost {
			offsets[p.number], notes[p.number] = position, p.note()
		}
	}
	client := c.client
	c.mu.Unlock()
	failed, all := map[int32]error{}, error(nil)
	if len(offsets) > 0 {
		failed, all = c.commit(ctx, client, offsets, notes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range dirty {
		if failed[p.number] != nil && !p.lost {
			c.dirty[p] = struct{}{}
		}
	}
	for _, s := range settlers {
		switch {
		case failed[s.partition.number] == nil:
			s.done <- nil
		case s.partition.lost:
			s.done <- queues.ErrLockLost
		default:
			c.settlers = append(c.settlers, s)
		}
	}
	return all
}

// commit commits positions as the member that this is, and tells which partitions it failed for. The client's own commit
// would wait while the group waits for a dead member, some seconds, and what is settled meanwhile would come again
// after a crash. A broker takes what members of the last generation commit until all have joined the next one; what it
// refuses then (ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS) is kept for the next time.
func (c *groupConsumer) commit(ctx context.Context, client *kgo.Client, offsets map[int32]int64, notes map[int32]string) (map[int32]error, error) {
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = c.session.topic.name, c.session.topic.id
	for number, offset := range offsets {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.Metadata = number, offset, kmsg.StringPtr(notes[number])
		topic.Partitions = append(topic.Partitions, p)
	}
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group, request.Topics = c.session.group, append(request.Topics, topic)
	request.MemberID, request.Generation = client.GroupMetadata()

	failed := map[int32]error{}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		for number := range offsets {
			failed[number] = err
		}
		return failed, err
	}
	var all error
	for _, topic := range response.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				failed[p.Partition] = err
				all = errors.Join(all, err)
			}
		}
	}
	return failed, all
}
