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
	offsets, notes := map[int32]kgo.EpochOffset{}, map[int32]string{}
	dirty, settlers := c.dirty, c.settlers
	c.dirty, c.settlers = map[*partition]struct{}{}, nil
	for p := range dirty {
		if position := p.position(); position >= 0 && !p.lost {
			offsets[p.number], notes[p.number] = kgo.EpochOffset{Epoch: -1, Offset: position}, p.note()
		}
	}
	client := c.client
	c.mu.Unlock()
	failed := map[int32]error{}
	var all error
	if len(offsets) > 0 {
		ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
			for i := range request.Topics {
				for j := range request.Topics[i].Partitions {
					p := &request.Topics[i].Partitions[j]
					note := notes[p.Partition]
					p.Metadata = &note
				}
			}
			return nil
		})
		client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{c.session.topic.name: offsets},
			func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
				all = err
				if err != nil {
					return
				}
				for _, topic := range response.Topics {
					for _, p := range topic.Partitions {
						if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
							failed[p.Partition] = err
							all = errors.Join(all, err)
						}
					}
				}
			})
		if all != nil && len(failed) == 0 {
			for number := range offsets {
				failed[number] = all
			}
		}
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
