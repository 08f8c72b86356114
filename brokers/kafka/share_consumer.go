package kafka

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// shareConsumer takes messages as a member of a share group. It speaks the protocol of KIP-932 itself, by way
// of the client's requests: the client's own consumer accepts at each poll what was not settled until then,
// so that it can neither hold a message while it waits for the next nor tell that nothing is ready.
//
// The base keeps the locks; what is held is renewed on the broker until it is settled. When the process
// dies its connections close, and the broker makes what it held ready at once.
//
// A member has a session with each broker that leads partitions which are assigned to it, one goroutine
// each. What comes in goes to takers in the order in which they came.
type shareConsumer struct {
	session  *session
	settings shareSettings
	memberId string

	work    context.Context // ends when sessions shall leave
	stop    context.CancelFunc
	running sync.WaitGroup
	serving sync.WaitGroup // sessions; only the member's goroutine adds to it
	moving  sync.WaitGroup // copies that are being written
	refresh chan struct{}  // holds a token: find out leaders anew

	mu       sync.Mutex
	client   *kgo.Client // nil until someone takes
	sessions map[int32]*shareSession
	assigned bool // there has been an assignment
	warm     bool // a fetch has ended that the broker was ready for
	takers   []*taker
	ready    []*shareHandle // came in, and nobody took it yet
	idle     time.Time      // when the last taker left ready behind
	asked    int            // records that fetches under way may bring
	closing  bool
	gone     map[int32]int64 // by partition: records before this offset were removed
}

// taker is one call of take.
type taker struct {
	dst   []queues.Delivery
	n     int
	err   error
	wait  bool
	since map[*shareSession]uint64 // of one that does not wait: fetches that had begun when it came
	done  chan struct{}
}

func newShareConsumer(s *session, settings shareSettings) *shareConsumer {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	c := &shareConsumer{
		session:  s,
		settings: settings,
		memberId: base64.RawURLEncoding.EncodeToString(id[:]), // as Kafka writes a UUID
		refresh:  make(chan struct{}, 1),
		sessions: map[int32]*shareSession{},
		gone:     map[int32]int64{},
	}
	c.work, c.stop = context.WithCancel(context.Background())
	return c
}

// shareHandle is a record that this member holds.
type shareHandle struct {
	session    *shareSession
	generation int // of the session when it came
	record     *kgo.Record
	earlier    int // deliveries before the record was written, as another one
	count      int // deliveries by the broker, this one included
	renewed    time.Time
}

func (h *shareHandle) envelope() queues.MessageEnvelope { return read(h.record) }

func (c *shareConsumer) take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	t := &taker{dst: dst, wait: wait, done: make(chan struct{})}
	c.mu.Lock()
	if err := c.begin(); err != nil {
		c.mu.Unlock()
		return 0, err
	}
	if !wait && !c.warm { // joining takes its time, which an empty queue is not worth
		c.mu.Unlock()
		if lag, err := c.lag(ctx); err == nil && lag == 0 {
			return 0, nil
		}
		c.mu.Lock()
	}
	c.takers = append(c.takers, t)
	if !wait {
		t.since = make(map[*shareSession]uint64, len(c.sessions))
		for _, s := range c.sessions {
			t.since[s] = s.begun
		}
	}
	c.serve()
	c.wakeAll()
	c.mu.Unlock()
	select {
	case <-t.done:
	case <-ctx.Done():
		c.leave(t)
		if t.n == 0 && t.err == nil {
			return 0, ctx.Err()
		}
	}
	n := c.stillHeld(dst[:t.n])
	if n == 0 && t.n > 0 {
		return c.take(ctx, dst, wait)
	}
	return n, t.err
}

// stillHeld leaves out what was lost while its taker woke up: the base, which did not have it yet, was not told.
func (c *shareConsumer) stillHeld(taken []queues.Delivery) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range taken {
		from, to := &taken[i], &taken[n]
		if h := from.Handle.(*shareHandle); !h.session.isLost(h) {
			to.Message, to.Count, to.Handle = from.Message, from.Count, from.Handle
			n++
		}
	}
	return n
}

// begin joins the group if that has not been done. It is called with mu held.
func (c *shareConsumer) begin() error {
	if c.closing {
		return queues.ErrNotOpened
	}
	if c.client != nil {
		return nil
	}
	client, err := c.session.link.newClient()
	if err != nil {
		return fmt.Errorf("making a consumer: %w: %w", queues.ErrBadConfig, err)
	}
	c.client = client
	c.running.Go(c.keepMembership)
	return nil
}

// leave takes a taker that waits no longer out of the line.
func (c *shareConsumer) leave(t *taker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.takers {
		if c.takers[i] == t {
			c.takers = append(c.takers[:i:i], c.takers[i+1:]...)
			return
		}
	}
}

// serve gives what is ready to takers, and sends away those that do not wait once every broker has been
// asked. It is called with mu held.
func (c *shareConsumer) serve() {
	for len(c.takers) > 0 && len(c.ready) > 0 {
		t := c.takers[0]
		c.takers = c.takers[1:]
		t.n = min(len(t.dst), len(c.ready))
		for i, h := range c.ready[:t.n] {
			t.dst[i].Message, t.dst[i].Count, t.dst[i].Handle = read(h.record), h.earlier+h.count, h
		}
		c.ready = c.ready[t.n:]
		close(t.done)
	}
	if len(c.ready) > 0 {
		c.idle = time.Now()
		return
	}
	left := c.takers[:0:0]
	for _, t := range c.takers {
		if t.wait || !c.hasAsked(t) {
			left = append(left, t)
			continue
		}
		close(t.done)
	}
	c.takers = left
}

// hasAsked tells whether a fetch of each session has begun and ended since the taker came.
func (c *shareConsumer) hasAsked(t *taker) bool {
	if !c.assigned {
		return false
	}
	for _, s := range c.sessions {
		if len(s.wanted) > 0 && s.ended <= t.since[s] {
			return false
		}
	}
	return true
}

// refuse ends the takers that do not wait, with an error. It is called with mu held.
func (c *shareConsumer) refuse(err error, all bool) {
	left := c.takers[:0:0]
	for _, t := range c.takers {
		if t.wait && !all {
			left = append(left, t)
			continue
		}
		t.err = err
		close(t.done)
	}
	c.takers = left
}

// demand is how many records takers want that nobody has asked for. It is called with mu held.
func (c *shareConsumer) demand() int {
	if c.closing {
		return 0
	}
	wanted := -c.asked - len(c.ready)
	for _, t := range c.takers {
		wanted += len(t.dst)
	}
	return max(0, wanted)
}

func (c *shareConsumer) wakeAll() {
	for _, s := range c.sessions {
		s.wake()
	}
}

func (c *shareConsumer) close(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.refuse(queues.ErrNotOpened, true)
	sessions := make([]*shareSession, 0, len(c.sessions))
	for _, s := range c.sessions {
		sessions = append(sessions, s)
	}
	client := c.client
	c.mu.Unlock()
	if client == nil {
		c.stop()
		return
	}
	for _, s := range sessions { // what a fetch under way brings must be given back, too
		s.awaitRest(ctx)
	}
	c.mu.Lock()
	left := c.ready
	c.ready = nil
	c.mu.Unlock()
	c.moveAll(left)
	c.awaitMoves(ctx)
	c.stop()
	c.mu.Lock()
	c.wakeAll()
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		c.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done(): // the end of the connections says goodbye, too
	}
	client.Close()
	<-ended
}
