package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// read polls for records while there is room for them.
func (c *groupConsumer) read() {
	for c.work.Err() == nil {
		if !c.hasRoom() {
			select {
			case <-c.room:
			case <-c.work.Done():
			}
			continue
		}
		fetches := c.client.PollRecords(c.work, mostReady)
		var failure error
		for _, fault := range fetches.Errors() {
			if c.work.Err() == nil {
				failure = fault.Err
			}
		}
		c.mu.Lock()
		c.failure = failure
		fetches.EachRecord(c.admit)
		c.tell()
		c.mu.Unlock()
		c.client.AllowRebalance()
		if failure != nil {
			_ = pauseFor(c.work, leastPause)
		}
	}
}

func (c *groupConsumer) hasRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready.Len() < mostReady && c.tracked < mostTracked && c.bytes < mostBytes
}

// admit takes in a record. It is called with mu held.
func (c *groupConsumer) admit(record *kgo.Record) {
	p := c.partitions[record.Partition]
	if p == nil {
		return // it has been revoked
	}
	c.numbers++
	e := p.admit(record, c.numbers)
	if e == nil {
		return
	}
	var group string
	if e.earlier, group = provenance(record); group != "" && group != c.session.audience() {
		e.state = entrySettled
		c.mark(p)
		p.advance()
		return
	}
	c.tracked++
	c.bytes += len(record.Value)
	if c.session.order != nil {
		envelope := read(record)
		if common, ok := c.session.order(&envelope); ok {
			c.enter(e, common)
			return
		}
	}
	c.ready.put(e)
}

// enter puts an entry at the end of its lane, and makes it ready if it is the only one there.
func (c *groupConsumer) enter(e *entry, common string) {
	l := c.lanes[common]
	if l == nil {
		l = &lane{common: common}
		c.lanes[common] = l
	}
	e.lane = l
	l.entries = append(l.entries, e)
	if len(l.entries) == 1 {
		c.ready.put(e)
	}
}

// leaveLane takes an entry that is settled or lost out of its lane.
func (c *groupConsumer) leaveLane(e *entry) {
	if e.lane == nil {
		return
	}
	for i, other := range e.lane.entries {
		if other != e {
			continue
		}
		e.lane.entries = append(e.lane.entries[:i:i], e.lane.entries[i+1:]...)
		if i == 0 && len(e.lane.entries) > 0 {
			c.ready.put(e.lane.entries[0])
		}
		break
	}
	if len(e.lane.entries) == 0 {
		delete(c.lanes, e.lane.common)
	}
	e.lane = nil
}

// ends asks where the topic ends. It is called with mu held, and lets go of it meanwhile.
func (c *groupConsumer) ends(ctx context.Context) (map[int32]int64, error) {
	c.mu.Unlock()
	defer c.mu.Lock()
	starts, listed, err := c.session.link.extent(ctx, c.session.topic.name)
	if err != nil {
		return nil, fail(ctx, "asking for the end of topic "+c.session.topic.name, err)
	}
	ends := map[int32]int64{}
	listed.Each(func(end kadm.ListedOffset) {
		if start, ok := starts.Lookup(end.Topic, end.Partition); ok && end.Offset > start.Offset {
			ends[end.Partition] = end.Offset
		}
	})
	return ends, nil
}

// hasRead tells whether what there was in our partitions has come in, or waits for room.
func (c *groupConsumer) hasRead(ends map[int32]int64) bool {
	if c.tracked >= mostTracked || c.bytes >= mostBytes {
		return true
	}
	for number, end := range ends {
		p := c.partitions[number]
		fresh := p != nil && p.next < 0 && !c.fromBeginning // it begins at its end
		if p != nil && p.next < end && !fresh {
			return false
		}
	}
	return true
}
