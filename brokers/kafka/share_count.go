package kafka

import (
	"context"
)

func (c *shareConsumer) forget(upTo map[int32]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for partition, offset := range upTo {
		c.gone[partition] = max(c.gone[partition], offset)
	}
	kept := c.ready[:0:0]
	for _, h := range c.ready {
		if h.record.Offset >= c.gone[h.record.Partition] {
			kept = append(kept, h)
		}
	}
	c.ready = kept
}

func (c *shareConsumer) count(ctx context.Context) (int64, error) {
	lag, err := c.lag(ctx)
	return lag - int64(c.holding()), err
}

// lag tells how many records the group has not done with, those that members hold included.
func (c *shareConsumer) lag(ctx context.Context) (int64, error) {
	s := c.session
	described, err := s.link.admin.DescribeShareGroupOffsets(ctx, s.group)
	if err == nil {
		err = described.Error()
	}
	if err != nil && !isUnknownGroup(err) {
		return 0, err
	}
	lags := map[int32]int64{}
	for _, offset := range described[s.group].Offsets[s.topic.name] {
		if offset.Err != nil {
			return 0, offset.Err
		}
		if offset.StartOffset >= 0 && offset.Lag >= 0 {
			lags[offset.Partition] = offset.Lag
		}
	}
	total := int64(0)
	for _, lag := range lags {
		total += lag
	}
	if len(lags) < s.topic.partitions { // what the group has not begun with
		fresh, err := s.link.backlog(ctx, s.topic.name, func(partition int32) (offset int64, known bool) {
			_, begun := lags[partition]
			return 0, !begun
		})
		if err != nil {
			return 0, err
		}
		total += fresh
	}
	return total, nil
}

// holding is how many records this member holds and users may settle.
func (c *shareConsumer) holding() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		n += len(s.held)
	}
	return n - len(c.ready)
}
