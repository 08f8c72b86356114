package kafka

import "github.com/twmb/franz-go/pkg/kgo"

func (c *groupConsumer) origin(handle any) (record *kgo.Record, deliveries int) {
	e := handle.(*entry)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.state != entryTaken || e.partition.leaving {
		return nil, 0
	}
	return e.record, e.earlier + e.count
}

func (c *shareConsumer) origin(handle any) (record *kgo.Record, deliveries int) {
	h := handle.(*shareHandle)
	if !h.session.holds(h) || c.isGone(h) {
		return nil, 0
	}
	return h.record, h.earlier + h.count
}

// stay notes that nobody works on a record that was handed out: it waits until it is released.
func (c *groupConsumer) stay(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.stays = true
}

// taken is how many records are handed out, and how many of those only wait.
func (c *groupConsumer) taken() (all, staying int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		for _, e := range p.entries {
			if e.state != entryTaken {
				continue
			}
			all++
			if e.stays {
				staying++
			}
		}
	}
	return all, staying
}

// ownsAll tells whether all partitions are ours.
func (c *groupConsumer) ownsAll() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.partitions) == c.session.topic.partitions
}

// hasSpace tells whether the bounds of memory let more records in.
func (c *groupConsumer) hasSpace() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tracked < mostTracked && c.bytes < mostBytes
}

// positions are how far partitions are settled, of those of which that is known.
func (c *groupConsumer) positions() map[int32]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	positions := map[int32]int64{}
	for number, p := range c.partitions {
		if position := p.position(); position >= 0 {
			positions[number] = position
		}
	}
	return positions
}

// front is the first so many entries that are not settled, of partitions with more gaps than that.
func (c *groupConsumer) front(gaps, most int) map[*entry]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	front := map[*entry]bool{}
	for _, p := range c.partitions {
		if p.gaps() <= gaps {
			continue
		}
		for _, e := range p.entries {
			if e.state == entryTaken && len(front) < most {
				front[e] = true
			}
		}
	}
	return front
}
