package source

import (
	"context"
	"sync"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Counts are the counters that a queue writes. What became of a message the queue knows better than who
// received it: the last failed delivery, or an expired one, makes it a dead letter.
type Counts struct {
	ccount.NullCounters // all but Increment

	mu     sync.Mutex
	values map[string]int64
}

// IncrementOne adds 1 to a counter.
func (c *Counts) IncrementOne(ctx context.Context, name string) { c.Increment(ctx, name, 1) }

// Increment adds to a counter.
func (c *Counts) Increment(_ context.Context, name string, by int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[name] += by
}

// Dead is how many messages of a queue went to its dead-letter queue. It is exact when the queue is closed.
func (c *Counts) Dead(queue string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values["queue."+queue+".dead_messages"]
}

// Counted makes a closed queue count.
func (q *Queue) Counted(ctx context.Context) *Counts {
	counts := &Counts{values: map[string]int64{}}
	q.catalog.references.Put(ctx, cref.NewDescriptor(config.Group, "counters", "mq", q.Name(), "1.0"), counts)
	q.catalog.refer(ctx, q.IMessageQueue)
	return counts
}
