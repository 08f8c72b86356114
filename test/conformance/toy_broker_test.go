package conformance

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// toyBroker is a server with queues that several clients share by name. It keeps the locks itself. What
// it has survives a restart, but for the locks. It lives in this process, so that the cases for
// brokers can be tried without one.
type toyBroker struct {
	careful   bool // it refuses to settle without a lock; otherwise it takes anybody's word, as some brokers do
	forgetful bool // a restart loses the messages
	cruel     bool // the messages of a client that was killed die with it

	mu      sync.Mutex
	down    bool
	queues  map[string]*toyQueue
	clients map[*toyClient]struct{}
	changed chan struct{} // closed when something changes that somebody may wait for
}

type toyQueue struct {
	messages []*toyMessage // in their order; those with a lock too
	delayed  []*toyMessage // the next one first
}

// toyMessage is a message on the server. It is ready when until has passed.
type toyMessage struct {
	envelope queues.MessageEnvelope
	count    int
	until    time.Time // it is locked or delayed
	locked   bool
	lock     int // the number of that lock
	holder   *toyClient
}

// toyDelivery is the handle of a delivery.
type toyDelivery struct {
	message *toyMessage
	lock    int
}

func newToyBroker() *toyBroker {
	return &toyBroker{queues: map[string]*toyQueue{}, clients: map[*toyClient]struct{}{}, changed: make(chan struct{})}
}

// announce wakes everyone who waits for a change. The mutex is held.
func (b *toyBroker) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// restart stops the server and starts it again.
func (b *toyBroker) restart() {
	b.mu.Lock()
	b.down = true
	b.announce()
	b.mu.Unlock()
	time.Sleep(300 * time.Millisecond)
	b.mu.Lock()
	b.down = false
	for _, queue := range b.queues {
		if b.forgetful {
			queue.messages, queue.delayed = nil, nil
		}
		for _, message := range queue.messages {
			if message.locked {
				message.locked, message.until = false, time.Time{}
			}
		}
	}
	voids := make([]func(func(any) bool), 0, len(b.clients))
	for client := range b.clients {
		voids = append(voids, client.void)
	}
	b.announce()
	b.mu.Unlock()
	for _, void := range voids {
		void(func(any) bool { return true })
	}
}

// toyClient is a storage that is connected to a toyBroker.
type toyClient struct {
	broker *toyBroker
	traits queues.Traits
	name   string
	void   func(match func(handle any) bool)
	lock   time.Duration
	open   bool // guarded by broker.mu
	dead   bool // killed: guarded by broker.mu
}

func newToyClient(broker *toyBroker) *toyClient {
	return &toyClient{broker: broker, traits: queues.Traits{Locks: queues.LocksByBroker, Ordered: true, Durable: true, Prefetch: 3}}
}

func (c *toyClient) Traits() queues.Traits { return c.traits }

func (c *toyClient) Sibling(string) queues.Storage {
	sibling := newToyClient(c.broker)
	sibling.traits = c.traits
	return sibling
}

func (c *toyClient) Open(_ context.Context, params queues.StorageParams) error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.broker.down {
		return queues.ErrNoConnection
	}
	c.name, c.lock, c.void, c.open, c.dead = params.Queue, params.LockTimeout, params.Void, true, false
	if c.broker.queues[c.name] == nil {
		c.broker.queues[c.name] = &toyQueue{}
	}
	c.broker.clients[c] = struct{}{}
	return nil
}

func (c *toyClient) Close(context.Context) error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	c.open = false
	delete(c.broker.clients, c)
	c.broker.announce()
	return nil
}

// check tells whether the server can be talked to. The mutex is held.
func (c *toyClient) check() error {
	switch {
	case !c.open:
		return queues.ErrNotOpened
	case c.dead || c.broker.down:
		return queues.ErrNoConnection
	}
	return nil
}

// do talks to the server.
func (c *toyClient) do(ctx context.Context, what func(queue *toyQueue) error) error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	defer c.broker.announce()
	return what(c.broker.queues[c.name])
}

func (c *toyClient) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	return c.PutDelayed(ctx, message, 0)
}

func (c *toyClient) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	return c.do(ctx, func(queue *toyQueue) error {
		for _, message := range messages {
			c.put(queue, message, 0)
		}
		return nil
	})
}

func (c *toyClient) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	return c.do(ctx, func(queue *toyQueue) error {
		c.put(queue, message, delay)
		return nil
	})
}

func (c *toyClient) put(queue *toyQueue, message *queues.MessageEnvelope, delay time.Duration) {
	stored := &toyMessage{envelope: *message.Clone()}
	if delay > 0 {
		stored.until = time.Now().Add(delay)
		queue.delayed = append(queue.delayed, stored)
		slices.SortStableFunc(queue.delayed, func(a, b *toyMessage) int { return a.until.Compare(b.until) })
		return
	}
	queue.enterDue()
	queue.messages = append(queue.messages, stored)
}

// enterDue puts the delayed messages that are due at the end of the queue.
func (q *toyQueue) enterDue() {
	for len(q.delayed) > 0 && !q.delayed[0].until.After(time.Now()) {
		q.messages = append(q.messages, q.delayed[0])
		q.delayed = q.delayed[1:]
	}
}

// ready lists up to max messages that are ready, in order, or says when the next one will be.
func (q *toyQueue) ready(max int) (ready []*toyMessage, next time.Time) {
	q.enterDue()
	now := time.Now()
	if len(q.delayed) > 0 {
		next = q.delayed[0].until
	}
	for _, message := range q.messages {
		switch {
		case message.until.After(now):
			if next.IsZero() || message.until.Before(next) {
				next = message.until
			}
		case len(ready) < max:
			message.locked = false
			ready = append(ready, message)
		default:
			return ready, next
		}
	}
	return ready, next
}

func (c *toyClient) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	for {
		c.broker.mu.Lock()
		err := c.check()
		var next time.Time
		if err == nil {
			var ready []*toyMessage
			ready, next = c.broker.queues[c.name].ready(len(dst))
			if len(ready) > 0 && ctx.Err() == nil {
				defer c.broker.mu.Unlock()
				return c.deliver(dst, ready), nil
			}
		}
		changed := c.broker.changed
		c.broker.mu.Unlock()
		if !c.isUp(err) || !wait {
			return 0, err
		}
		if err := await(ctx, changed, next); err != nil {
			return 0, err
		}
	}
}

// isUp tells whether it is worth while to wait: a server that is away comes back.
func (c *toyClient) isUp(err error) bool { return err == nil || err == queues.ErrNoConnection }

func await(ctx context.Context, changed <-chan struct{}, next time.Time) error {
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
	case <-due:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (c *toyClient) deliver(dst []queues.Delivery, ready []*toyMessage) int {
	for i, message := range ready {
		message.count++
		message.locked, message.until = true, time.Now().Add(c.lock)
		message.lock, message.holder = message.lock+1, c
		dst[i].Message, dst[i].Count = *message.envelope.Clone(), message.count
		dst[i].Handle = toyDelivery{message, message.lock}
		if c.traits.AtMostOnce {
			c.remove(message)
		}
	}
	return len(ready)
}

func (c *toyClient) remove(message *toyMessage) {
	queue := c.broker.queues[c.name]
	queue.messages = slices.DeleteFunc(queue.messages, func(other *toyMessage) bool { return other == message })
}

// settle does something with a message that a delivery has the lock of.
func (c *toyClient) settle(ctx context.Context, handle any, what func(message *toyMessage)) error {
	return c.do(ctx, func(*toyQueue) error {
		delivery := handle.(toyDelivery)
		message := delivery.message
		if c.broker.careful && (!message.locked || message.lock != delivery.lock || !message.until.After(time.Now())) {
			return queues.ErrLockLost
		}
		what(message)
		return nil
	})
}

func (c *toyClient) Complete(ctx context.Context, handle any) error {
	if c.traits.AtMostOnce {
		return nil
	}
	return c.settle(ctx, handle, c.remove)
}

func (c *toyClient) Release(ctx context.Context, handle any, counted bool) error {
	if c.traits.AtMostOnce {
		return nil
	}
	return c.settle(ctx, handle, func(message *toyMessage) {
		message.locked, message.until = false, time.Time{}
		if !counted {
			message.count--
		}
	})
}

func (c *toyClient) ReleaseDelayed(ctx context.Context, handle any, delay time.Duration) error {
	return c.settle(ctx, handle, func(message *toyMessage) { message.locked, message.until = false, time.Now().Add(delay) })
}

func (c *toyClient) Extend(ctx context.Context, handle any, timeout time.Duration) error {
	return c.settle(ctx, handle, func(message *toyMessage) { message.until = time.Now().Add(timeout) })
}

func (c *toyClient) Look(ctx context.Context, max int) ([]*queues.MessageEnvelope, error) {
	var found []*queues.MessageEnvelope
	err := c.do(ctx, func(queue *toyQueue) error {
		ready, _ := queue.ready(max)
		for _, message := range ready {
			found = append(found, message.envelope.Clone())
		}
		return nil
	})
	return found, err
}

func (c *toyClient) Count(ctx context.Context) (count int64, err error) {
	err = c.do(ctx, func(queue *toyQueue) error {
		ready, _ := queue.ready(math.MaxInt)
		count = int64(len(ready))
		return nil
	})
	return count, err
}

func (c *toyClient) Purge(ctx context.Context) error {
	return c.do(ctx, func(queue *toyQueue) error {
		for _, message := range queue.messages {
			message.locked = false
		}
		queue.messages, queue.delayed = nil, nil
		return nil
	})
}

// toyMessageQueue is a queue on a toyBroker.
type toyMessageQueue struct {
	*queues.MessageQueue
	client *toyClient
}

// kill does to the queue what the death of its process would.
func (q *toyMessageQueue) kill() {
	q.client.broker.mu.Lock()
	defer q.client.broker.mu.Unlock()
	q.client.dead = true
	for _, queue := range q.client.broker.queues {
		queue.messages = slices.DeleteFunc(queue.messages, func(message *toyMessage) bool {
			return q.client.broker.cruel && message.locked && message.holder == q.client
		})
	}
	q.client.broker.announce()
}

// newToyQueue makes a queue of which the suite sees what storage makes of its client.
func newToyQueue(broker *toyBroker, name string, params *cconf.ConfigParams, storage func(client *toyClient) queues.Storage) *toyMessageQueue {
	queue := &toyMessageQueue{client: newToyClient(broker)}
	queue.MessageQueue = queues.InheritMessageQueueWithStorage(queue, name, storage(queue.client))
	queue.Configure(context.Background(), params)
	return queue
}

// wholeStorage is all that a toyClient can do.
func wholeStorage(client *toyClient) queues.Storage { return client }

// bareStorage is what every storage must be able to do, and nothing else.
func bareStorage(client *toyClient) queues.Storage {
	client.traits.Ordered, client.traits.Durable = false, false
	return struct{ queues.Storage }{client}
}

// fleetingStorage forgets a message when it has handed it out.
func fleetingStorage(client *toyClient) queues.Storage {
	client.traits = queues.Traits{Locks: queues.LocksByBroker, Ordered: true, AtMostOnce: true}
	return struct {
		queues.Storage
		queues.Counter
		queues.Purger
	}{client, client, client}
}

// toySubject is the toy broker as the suite sees it. In a bubble each case has a broker of its own, for
// its channels belong to the bubble.
func toySubject(storage func(client *toyClient) queues.Storage, set func(broker *toyBroker)) Subject {
	var mu sync.Mutex
	brokers := map[string]*toyBroker{}
	brokerOf := func(t testing.TB) *toyBroker {
		mu.Lock()
		defer mu.Unlock()
		key := t.(*scene).id
		if brokers[key] == nil {
			brokers[key] = newToyBroker()
			set(brokers[key])
		}
		return brokers[key]
	}
	return Subject{
		Name:         "toy broker",
		Bubble:       true,
		SharedByName: true,
		Parallel:     4,
		LoadMessages: 500,
		New: func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newToyQueue(brokerOf(t), name, params, storage)
		},
		Restart: func(t testing.TB) { brokerOf(t).restart() },
		Kill:    func(_ testing.TB, queue queues.IMessageQueue) { queue.(*toyMessageQueue).kill() },
	}
}
