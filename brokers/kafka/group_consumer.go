package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// groupConsumer takes messages as a member of a classic consumer group. Partitions are assigned to members;
// a member reads its partitions ahead, hands out records, and commits how far everything is settled, together with
// a note of what is settled beyond (see partition.note). A message that is released stays here, at its old place.
//
// The lock on a message is the ownership of its partition: when that goes to another member, what is held
// here is void.
type groupConsumer struct {
	session       *session
	fromBeginning bool

	work    context.Context // ends when the consumer closes
	stop    context.CancelFunc
	linger  context.Context // of commits; ends when Close waits no longer
	hurry   context.CancelFunc
	running sync.WaitGroup
	turn    sync.Mutex // of who commits

	mu         sync.Mutex
	client     *kgo.Client // nil until someone takes
	closing    bool
	joined     bool // there has been an assignment, if an empty one
	failure    error
	partitions map[int32]*partition
	numbers    uint64
	ready      readiness
	lanes      map[string]*lane
	tracked    int           // entries
	bytes      int           // of their payloads
	news       chan struct{} // closed when there is something new to see, and made anew
	room       chan struct{} // holds a token: the reader may look for room
	dirty      map[*partition]struct{}
	settlers   []settler
	commits    chan struct{} // holds a token: there is something to commit
}

// settler waits for a commit.
type settler struct {
	partition *partition
	done      chan error
}

// Bounds of what is read ahead.
const (
	mostReady   = 500
	mostTracked = 20_000
	mostBytes   = 64 << 20
)

func newGroupConsumer(s *session, fromBeginning bool) *groupConsumer {
	c := &groupConsumer{
		session: s, fromBeginning: fromBeginning,
		partitions: map[int32]*partition{}, lanes: map[string]*lane{}, dirty: map[*partition]struct{}{},
		news: make(chan struct{}), room: make(chan struct{}, 1), commits: make(chan struct{}, 1),
	}
	c.work, c.stop = context.WithCancel(context.Background())
	c.linger, c.hurry = context.WithCancel(context.Background())
	return c
}

// Bounds of the session time-out of a member, after which its partitions go to others: brokers take no less unless
// they are configured to, and more would keep messages of a dead consumer for too long.
const (
	leastSession = 6 * time.Second
	mostSession  = 45 * time.Second

	// How often a member asks whether others have come or gone, at most: they wait for that.
	mostPulse = 2 * time.Second

	// How long a member that closes waits for its leave, which comes after a rebalance that is under way.
	mostLeaving = 10 * time.Second
)

// begin joins the group if that has not been done. It is called with mu held.
func (c *groupConsumer) begin() error {
	if c.closing {
		return queues.ErrNotOpened
	}
	if c.client != nil {
		return nil
	}
	reset := kgo.NewOffset().AtEnd()
	if c.fromBeginning {
		reset = kgo.NewOffset().AtStart()
	}
	session := min(max(c.session.params.LockTimeout, leastSession), mostSession)
	client, err := c.session.link.newClient(
		kgo.ConsumerGroup(c.session.group),
		kgo.ConsumeTopics(c.session.topic.name),
		kgo.ConsumeResetOffset(reset),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(session),
		kgo.HeartbeatInterval(min(session/5, mostPulse)),
		kgo.WithContext(c.linger), // the client's own Close waits for a rebalance without a limit
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.FetchMaxBytes(mostFetchBytes),
		kgo.OnPartitionsAssigned(c.onAssigned),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, lost map[string][]int32) { c.onRevoked(ctx, lost) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { c.drop(lost) }),
	)
	if err != nil {
		return fmt.Errorf("making a consumer: %w: %w", queues.ErrBadConfig, err)
	}
	c.client = client
	c.running.Go(c.read)
	c.running.Go(c.keepCommitting)
	return nil
}

// tell wakes those who wait for something new. It is called with mu held.
func (c *groupConsumer) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

func (c *groupConsumer) take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var target map[int32]int64 // how far a call that does not wait must have read
	for {
		if err := c.begin(); err != nil {
			return 0, err
		}
		if n := c.handOut(dst); n > 0 {
			return n, nil
		}
		if !wait && c.failure != nil {
			return 0, fail(ctx, "reading topic "+c.session.topic.name, c.failure)
		}
		if !wait && c.joined {
			if target == nil {
				var err error
				if target, err = c.ends(ctx); err != nil {
					return 0, err
				}
				continue
			}
			if c.hasRead(target) {
				return 0, nil
			}
		}
		news := c.news
		c.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			c.mu.Lock()
			return 0, ctx.Err()
		}
		c.mu.Lock()
	}
}

// handOut fills dst with what is ready.
func (c *groupConsumer) handOut(dst []queues.Delivery) (n int) {
	for ; n < len(dst); n++ {
		e := c.ready.take()
		if e == nil {
			break
		}
		e.state, e.stays = entryTaken, false
		e.count++
		dst[n].Message, dst[n].Count, dst[n].Handle = read(e.record), e.earlier+e.count, e
	}
	if n > 0 {
		ring(c.room)
	}
	return n
}

func (c *groupConsumer) release(_ context.Context, handle any, counted bool) error {
	e := handle.(*entry)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.state == entrySettled:
		return nil
	case e.partition.leaving || e.state != entryTaken:
		return queues.ErrLockLost
	}
	if !counted {
		e.count--
	}
	e.state = entryReady
	c.ready.put(e)
	if counted {
		c.mark(e.partition)
	}
	c.tell()
	return nil
}

// settle ends an entry. It is called with mu held.
func (c *groupConsumer) settle(e *entry) {
	if e.state != entrySettled {
		e.state = entrySettled
		c.tracked--
		c.bytes -= len(e.record.Value)
		c.leaveLane(e)
		e.partition.advance()
		ring(c.room)
	}
	c.mark(e.partition)
}

// mark has the position of a partition committed.
func (c *groupConsumer) mark(p *partition) {
	c.dirty[p] = struct{}{}
	ring(c.commits)
}

func (c *groupConsumer) close(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.tell()
	client := c.client
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, mostLeaving)
	defer cancel()
	defer context.AfterFunc(ctx, c.hurry)()
	defer c.hurry()
	if client == nil {
		c.stop()
		return
	}
	_ = c.commitAll(ctx) // what fails comes again
	c.stop()
	client.AllowRebalance()
	_ = client.LeaveGroupContext(ctx) // else the group waits for the session time-out
	client.CloseAllowingRebalance()
	c.running.Wait()
}
