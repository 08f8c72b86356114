package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
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
		kgo.HeartbeatInterval(session/5),
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
	if _, group := provenance(record); group != "" && group != c.session.group {
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

// handOut fills dst with what is ready.
func (c *groupConsumer) handOut(dst []queues.Delivery) (n int) {
	for ; n < len(dst); n++ {
		e := c.ready.take()
		if e == nil {
			break
		}
		e.state = entryTaken
		e.count++
		dst[n].Message, dst[n].Count, dst[n].Handle = read(e.record), e.count, e
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

func (c *groupConsumer) complete(ctx context.Context, handle any) error {
	e := handle.(*entry)
	done := make(chan error, 1)
	c.mu.Lock()
	if e.partition.leaving || e.state == entryReady {
		c.mu.Unlock()
		return queues.ErrLockLost
	}
	c.settle(e)
	if !c.session.confirm {
		c.mu.Unlock()
		return nil
	}
	c.settlers = append(c.settlers, settler{e.partition, done})
	c.mu.Unlock()
	timer := time.NewTimer(c.session.link.patient)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("%w: no confirmation of a commit within %s of %s", queues.ErrNoConnection, optionRequest, c.session.link.patient)
	}
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

// forget settles what has been removed from the topic, unless somebody holds it, who will.
func (c *groupConsumer) forget(upTo map[int32]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		p.next = max(p.next, upTo[p.number])
		for _, e := range append([]*entry(nil), p.entries...) {
			if e.record.Offset < upTo[p.number] && e.state == entryReady {
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

func (c *groupConsumer) close(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.tell()
	client := c.client
	c.mu.Unlock()
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
