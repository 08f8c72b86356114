package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Pace of heartbeats: the broker says how often; more often while there is no assignment yet, or no answer.
const (
	usualHeartbeat = 3 * time.Second
	firstHeartbeat = 20 * time.Millisecond
	mostHeartbeat  = time.Second
	leaveLimit     = 2 * time.Second
)

// keepMembership joins the group, sends heartbeats, and leaves when the consumer closes.
func (c *shareConsumer) keepMembership() {
	epoch, partitions := int32(0), []int32(nil)
	pause := firstHeartbeat
	for c.work.Err() == nil {
		answer, err := c.heartbeat(c.work, epoch)
		if err == nil {
			epoch = answer.MemberEpoch
			if answer.Assignment != nil {
				partitions = c.partitionsIn(answer.Assignment)
			}
			err = c.assign(partitions)
		}
		switch {
		case err != nil && c.work.Err() != nil:
			continue
		case errors.Is(err, kerr.UnknownMemberID), errors.Is(err, kerr.FencedMemberEpoch):
			epoch = 0 // join again; what is held stays held
		case err != nil && !kerr.IsRetriable(err):
			c.mu.Lock()
			c.refuse(fail(c.work, "joining share group "+c.session.group, err), isFinal(err))
			c.mu.Unlock()
		}
		next := usualHeartbeat
		switch {
		case err != nil || len(partitions) == 0:
			next, pause = pause, min(2*pause, mostHeartbeat)
		default:
			pause = firstHeartbeat
			if interval := time.Duration(answer.HeartbeatIntervalMillis) * time.Millisecond; interval > 0 {
				next = interval
			}
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-c.refresh:
			timer.Stop()
			_ = pauseFor(c.work, pause) // what has failed will not be well at once
			pause = min(2*pause, mostHeartbeat)
		case <-c.work.Done():
			timer.Stop()
		}
	}
	c.serving.Wait() // the broker forgets the sessions of a member who leaves, and what they have still to say
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	_, _ = c.heartbeat(ctx, leavingEpoch) // if that fails, the group learns of it by its session time-out
}

// leavingEpoch is the epoch by which a member says goodbye.
const leavingEpoch = -1

func (c *shareConsumer) heartbeat(ctx context.Context, epoch int32) (*kmsg.ShareGroupHeartbeatResponse, error) {
	request := kmsg.NewPtrShareGroupHeartbeatRequest()
	request.GroupID, request.MemberID, request.MemberEpoch = c.session.group, c.memberId, epoch
	if epoch == 0 {
		request.SubscribedTopicNames = []string{c.session.topic.name}
	}
	answer, err := request.RequestWith(ctx, c.client)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		if answer.ErrorMessage != nil {
			err = fmt.Errorf("%w: %s", err, *answer.ErrorMessage)
		}
		return nil, err
	}
	return answer, nil
}

// isFinal tells whether waiting cannot help.
func isFinal(err error) bool {
	sentinel := classify(context.Background(), err)
	return errors.Is(sentinel, queues.ErrBadConfig) || errors.Is(sentinel, queues.ErrNotSupported)
}

func isUnknownGroup(err error) bool { return errors.Is(err, kerr.GroupIDNotFound) }

// partitionsIn reads an assignment.
func (c *shareConsumer) partitionsIn(assignment *kmsg.ShareGroupHeartbeatResponseAssignment) []int32 {
	partitions := []int32{}
	for _, topic := range assignment.TopicPartitions {
		if topic.TopicID == c.session.topic.id {
			partitions = append(partitions, topic.Partitions...)
		}
	}
	return partitions
}

// assign gives each session the partitions that its broker leads.
func (c *shareConsumer) assign(partitions []int32) error {
	if partitions == nil {
		return nil
	}
	leaders := map[int32]map[int32]struct{}{}
	if len(partitions) > 0 {
		details, err := kadm.NewClient(c.client).ListTopics(c.work, c.session.topic.name)
		if err != nil {
			return err
		}
		detail := details[c.session.topic.name]
		if detail.Err != nil {
			return detail.Err
		}
		for _, partition := range partitions {
			leader := detail.Partitions[partition].Leader
			if leader < 0 {
				c.wantRefresh()
				continue
			}
			if leaders[leader] == nil {
				leaders[leader] = map[int32]struct{}{}
			}
			leaders[leader][partition] = struct{}{}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return nil
	}
	c.assigned = c.assigned || len(leaders) > 0
	for broker := range leaders {
		if c.sessions[broker] == nil {
			s := newShareSession(c, broker)
			c.sessions[broker] = s
			c.serving.Go(s.run)
		}
	}
	for broker, s := range c.sessions {
		s.wanted = leaders[broker]
		s.wake()
	}
	return nil
}

// wantRefresh has the leaders found out anew.
func (c *shareConsumer) wantRefresh() {
	select {
	case c.refresh <- struct{}{}:
	default:
	}
}
