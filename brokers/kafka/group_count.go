package kafka

import (
	"context"
)

// forget settles what has been removed from the topic, unless somebody holds it, who will.
func (c *groupConsumer) forget(upTo map[int32]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		p.next, p.gone = max(p.next, upTo[p.number]), max(p.gone, upTo[p.number])
		for _, e := range append([]*entry(nil), p.entries...) {
			if e.offset < upTo[p.number] && e.state == entryReady {
				c.settle(e)
			}
		}
	}
	c.tell()
}

// count tells how many messages are ready: of our partitions those that nobody holds, of others those
// that their owners have not settled as far as they have committed.
func (c *groupConsumer) count(ctx context.Context) (int64, error) { return c.survey(ctx, false) }

func (c *groupConsumer) lag(ctx context.Context) (int64, error) { return c.survey(ctx, true) }

// survey counts what is ready, or with held what is not settled.
func (c *groupConsumer) survey(ctx context.Context, held bool) (int64, error) {
	s := c.session
	committed, err := s.link.admin.FetchOffsets(ctx, s.group)
	if err == nil {
		err = committed.Error()
	}
	if err != nil && !isUnknownGroup(err) {
		return 0, err
	}
	c.mu.Lock()
	known := int64(0)
	from := map[int32]int64{}
	for number, p := range c.partitions {
		from[number] = p.next
		for _, e := range p.entries {
			if e.state == entryReady || held && e.state == entryTaken {
				known++
			}
		}
		known -= int64(len(p.settled))
	}
	c.mu.Unlock()
	total, err := s.link.backlog(ctx, s.topic.name, func(number int32) (int64, bool) {
		if offset, ours := from[number]; ours && offset >= 0 {
			return offset, true
		}
		offset, ok := committed.Lookup(s.topic.name, number)
		if !ok || offset.At < 0 {
			return 0, true
		}
		theirs := newPartition(number, offset.At, offset.Metadata)
		known -= int64(len(theirs.settled))
		return offset.At, true
	})
	return total + known, err
}
