package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// shareSession is what a member and one broker know of each other. The broker takes one request of it
// after the other: while a fetch waits for records, nothing can be settled. So fetches wait for a few
// milliseconds only while something is held, and a little longer while nothing is.
type shareSession struct {
	consumer *shareConsumer
	broker   int32
	bell     chan struct{} // holds a token: look what there is to do
	rest     chan struct{} // closed when the last fetch of a closing consumer has ended

	// Of the goroutine of run.
	epoch  int32              // of the next request; 0 begins a session
	known  map[int32]struct{} // partitions that the broker has in the session
	wait   time.Duration      // of the next fetch that finds nothing
	pause  time.Duration      // after the next failure
	rested bool
	broken error  // why the session must begin anew; nil: it need not
	unsaid []*ack // for lose to finish

	// Guarded by consumer.mu.
	generation int                // how often locks were lost, all or those of a partition
	oldest     map[int32]int      // by partition: the oldest generation that is not lost
	wanted     map[int32]struct{} // assigned partitions that the broker leads
	begun      uint64             // fetches
	ended      uint64             // number of the last fetch that has ended
	acks       []*ack             // not sent yet
	since      time.Time          // when the first of them came
	urgent     bool               // somebody waits for one of them
	patience   bool               // what was refused for now is among them: not at once
	held       map[*shareHandle]struct{}
	lock       time.Duration // how long the broker locks records
	renewal    time.Time     // when the next lock is due to be renewed; zero: none is
}

// Bounds of times.
const (
	leastFetchWait  = 2 * time.Millisecond
	mostFetchWait   = 100 * time.Millisecond
	holdingWait     = 10 * time.Millisecond  // while something is held
	coldWait        = 500 * time.Millisecond // of the first fetch
	ackLinger       = 5 * time.Millisecond   // so that what is completed is said together, or with a fetch
	leastPause      = 20 * time.Millisecond
	mostPause       = time.Second
	usualRecordLock = 30 * time.Second
	requestLimit    = 10 * time.Second
)

// Bounds of one fetch.
const (
	mostRecords    = 1000
	mostFetchBytes = 32 << 20
)

func newShareSession(c *shareConsumer, broker int32) *shareSession {
	return &shareSession{
		consumer: c, broker: broker,
		bell: make(chan struct{}, 1), rest: make(chan struct{}),
		known: map[int32]struct{}{}, held: map[*shareHandle]struct{}{}, oldest: map[int32]int{},
		wait: leastFetchWait, pause: leastPause, lock: usualRecordLock,
	}
}

func (s *shareSession) wake() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// run does what there is to do until the consumer closes.
func (s *shareSession) run() {
	c := s.consumer
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		task := s.next()
		if task.pause > 0 {
			_ = pauseFor(c.work, task.pause)
		}
		var err error
		switch {
		case len(task.renew) > 0:
			err = s.acknowledge(task.renew, true)
		case task.records > 0:
			err = s.fetch(task)
		case len(task.acks) > 0:
			err = s.acknowledge(task.acks, false)
		case c.work.Err() != nil:
			s.end()
			return
		default:
			if !s.rested && task.closing {
				s.rested = true
				close(s.rest)
			}
			timer.Reset(task.later)
			select {
			case <-s.bell:
			case <-timer.C:
			case <-c.work.Done():
			}
		}
		if err == nil {
			err = s.broken
		}
		if err == nil {
			s.pause = leastPause
			continue
		}
		s.lose(err)
		_ = pauseFor(c.work, s.pause)
		s.pause = min(2*s.pause, mostPause)
	}
}

// awaitRest returns when no fetch is under way and none will be.
func (s *shareSession) awaitRest(ctx context.Context) {
	s.wake()
	select {
	case <-s.rest:
	case <-ctx.Done():
	}
}

// task is what there is to do next.
type task struct {
	renew   []*ack
	acks    []*ack
	records int // to fetch
	closing bool
	pause   time.Duration // before doing it
	later   time.Duration // when to look again, if there is nothing
}

// next finds what there is to do, and takes it on.
func (s *shareSession) next() task {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	t := task{closing: c.closing, later: time.Minute}
	if s.patience {
		s.patience, t.pause = false, leastPause
	}
	if t.renew, t.later = s.dueRenewals(); len(t.renew) > 0 {
		return t
	}
	if len(c.ready) > 0 && len(c.takers) == 0 && !c.closing {
		if left := graceOfReady - time.Since(c.idle); left > 0 {
			t.later = min(t.later, left)
		} else {
			c.giveBack()
		}
	}
	if len(s.wanted) > 0 {
		t.records = min(c.demand(), mostRecords)
	}
	if t.records == 0 && !c.closing && s.mustAsk() {
		t.records = 1
	}
	if left := ackLinger - time.Since(s.since); left > 0 && len(s.acks) > 0 && !s.urgent && t.records == 0 && !c.closing {
		t.later = min(t.later, left)
		return t
	}
	t.acks, s.acks, s.urgent = s.acks, nil, false
	if s.epoch == 0 && len(t.acks) > 0 { // they belong to a session that is over
		for _, a := range t.acks {
			a.finish(queues.ErrLockLost)
		}
		t.acks = nil
	}
	if t.records > 0 {
		c.asked += t.records
		s.begun++
	}
	return t
}

// mustAsk tells whether somebody who does not wait has yet to hear from this broker, though what he wants has been
// asked of others.
func (s *shareSession) mustAsk() bool {
	for _, t := range s.consumer.takers {
		if !t.wait && len(s.wanted) > 0 && s.ended <= t.since[s] {
			return true
		}
	}
	return false
}

// hold notes that the broker has locked a record for us. It is called with mu held.
func (s *shareSession) hold(h *shareHandle) {
	s.held[h] = struct{}{}
	if due := h.renewed.Add(s.lock / 3); s.renewal.IsZero() || due.Before(s.renewal) {
		s.renewal = due
	}
}

// dueRenewals are the locks that have lasted for a third of their time, and when to look again.
func (s *shareSession) dueRenewals() (due []*ack, later time.Duration) {
	now := time.Now()
	if len(s.held) == 0 || now.Before(s.renewal) {
		return nil, max(0, min(time.Minute, s.renewal.Sub(now))) + time.Millisecond
	}
	held := s.held
	s.held, s.renewal = make(map[*shareHandle]struct{}, len(held)), time.Time{}
	for h := range held {
		if now.Sub(h.renewed) >= s.lock/3 {
			due = append(due, &ack{handle: h, kind: ackRenew})
			h.renewed = now
		}
		s.hold(h)
	}
	return due, s.renewal.Sub(now)
}

// request sends a request of the session. It goes on when the consumer closes: what a fetch has locked must be given back.
func (s *shareSession) request(request kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	return s.consumer.client.Broker(int(s.broker)).Request(ctx, request)
}

// lose begins anew after the session, or the connection that it is tied to, has failed. What was held is lost.
func (s *shareSession) lose(err error) {
	c := s.consumer
	s.epoch, s.known, s.broken = 0, map[int32]struct{}{}, nil
	c.mu.Lock()
	c.refuse(fail(c.work, fmt.Sprintf("asking broker %d", s.broker), err), false)
	c.mu.Unlock()
	c.wantRefresh()
	s.void(everyPartition)
	for _, a := range s.unsaid {
		a.finish(a.err)
	}
	s.unsaid = nil
}

// everyPartition stands for all of a session.
const everyPartition = -1

// void lets go of all that is held of a partition, after the broker has, and tells the base before it tells those who
// wait for an ack: they go on to what was taken ahead.
func (s *shareSession) void(partition int32) {
	c := s.consumer
	isOf := func(p int32) bool { return partition == everyPartition || p == partition }
	c.mu.Lock()
	s.generation++
	generation := s.generation
	if partition == everyPartition {
		clear(s.oldest)
		s.oldest[everyPartition] = generation
	} else {
		s.oldest[partition] = generation
	}
	for h := range s.held {
		if isOf(h.record.Partition) {
			delete(s.held, h)
		}
	}
	kept := c.ready[:0:0]
	for _, h := range c.ready {
		if h.session != s || !isOf(h.record.Partition) {
			kept = append(kept, h)
		}
	}
	c.ready = kept
	var lost, left []*ack
	for _, a := range s.acks {
		if isOf(a.of()) {
			lost = append(lost, a)
		} else {
			left = append(left, a)
		}
	}
	s.acks = left
	c.mu.Unlock()
	c.session.params.Void(func(handle any) bool {
		h, ok := handle.(*shareHandle)
		return ok && h.session == s && isOf(h.record.Partition) && h.generation < generation
	})
	finishAll(lost, queues.ErrLockLost)
}

// isLost tells whether the broker has let go of a record since it came. It is called with mu held.
func (s *shareSession) isLost(h *shareHandle) bool {
	return h.generation < max(s.oldest[everyPartition], s.oldest[h.record.Partition])
}

// end closes the session on the broker, which releases what is left.
func (s *shareSession) end() {
	if s.epoch == 0 {
		return
	}
	s.epoch = leavingEpoch
	_ = s.acknowledge(nil, false) // if that fails, the end of the connection has the same effect
}
