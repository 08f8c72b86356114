package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
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
	broken error // why the session must begin anew; nil: it need not

	// Guarded by consumer.mu.
	generation int                // sessions so far
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
		known: map[int32]struct{}{}, held: map[*shareHandle]struct{}{},
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
		todo := s.next()
		if todo.pause > 0 {
			_ = pauseFor(c.work, todo.pause)
		}
		var err error
		switch {
		case len(todo.renew) > 0:
			err = s.acknowledge(todo.renew, true)
		case todo.records > 0:
			err = s.fetch(todo)
		case len(todo.acks) > 0:
			err = s.acknowledge(todo.acks, false)
		case c.work.Err() != nil:
			s.end()
			return
		default:
			if !s.rested && todo.closing {
				s.rested = true
				close(s.rest)
			}
			timer.Reset(todo.later)
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

// todo is what there is to do next.
type todo struct {
	renew   []*ack
	acks    []*ack
	records int // to fetch
	closing bool
	pause   time.Duration // before doing it
	later   time.Duration // when to look again, if there is nothing
}

// next finds what there is to do, and takes it on.
func (s *shareSession) next() todo {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	t := todo{closing: c.closing, later: time.Minute}
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

// fetch asks for records, and settles what there is to settle with the same request.
func (s *shareSession) fetch(t todo) error {
	c := s.consumer
	request := kmsg.NewPtrShareFetchRequest()
	request.GroupID, request.MemberID = &c.session.group, &c.memberId
	request.ShareSessionEpoch = s.epoch
	request.MinBytes, request.MaxBytes = 1, mostFetchBytes
	request.MaxRecords, request.BatchSize = int32(t.records), int32(t.records)
	request.ShareAcquireMode = 1 // no more than MaxRecords
	cold := s.addPartitions(request, t.acks)
	if cold {
		request.MaxWaitMillis = int32(coldWait / time.Millisecond)
	} else if len(t.acks) == 0 {
		request.MaxWaitMillis = int32(s.nextWait() / time.Millisecond)
	}
	answer, err := s.request(request)
	c.mu.Lock()
	c.asked -= t.records
	s.ended = s.begun
	c.warm = c.warm || err == nil && cold
	c.mu.Unlock()
	if err != nil {
		finishAll(t.acks, fail(c.work, "asking broker "+fmt.Sprint(s.broker), err))
		return err
	}
	response := answer.(*kmsg.ShareFetchResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		finishAll(t.acks, sessionError(err))
		return err
	}
	s.epoch++
	s.takeIn(response, t.acks)
	return nil
}

// nextWait is how long a fetch may wait: the longer the longer nothing has happened.
func (s *shareSession) nextWait() time.Duration {
	c := s.consumer
	c.mu.Lock()
	defer c.mu.Unlock()
	wait, most := s.wait, mostFetchWait
	if len(s.held) > 0 {
		most = holdingWait
	}
	for _, t := range c.takers {
		if !t.wait {
			return 0
		}
	}
	s.wait = min(2*s.wait, mostFetchWait)
	return min(wait, most/time.Duration(max(1, len(c.sessions))))
}

// addPartitions tells the broker about partitions that it does not know to be wanted, or that are wanted no
// longer, and adds what is to be settled. It tells whether a partition is new to the session: then the broker may
// have to read first what it knows of it, and says until it has done so that there is nothing.
func (s *shareSession) addPartitions(request *kmsg.ShareFetchRequest, acks []*ack) (cold bool) {
	c := s.consumer
	c.mu.Lock()
	wanted := s.wanted
	c.mu.Unlock()
	topic := kmsg.NewShareFetchRequestTopic()
	topic.TopicID = c.session.topic.id
	batches := batchesOf(acks)
	for partition := range wanted {
		_, known := s.known[partition]
		if known && len(batches[partition]) == 0 {
			continue
		}
		s.known[partition] = struct{}{}
		cold = cold || !known
		topic.Partitions = append(topic.Partitions, fetchOf(partition, batches[partition]))
		delete(batches, partition)
	}
	for partition, left := range batches {
		s.known[partition] = struct{}{}
		topic.Partitions = append(topic.Partitions, fetchOf(partition, left))
	}
	if len(topic.Partitions) > 0 {
		request.Topics = append(request.Topics, topic)
	}
	forgotten := kmsg.NewShareFetchRequestForgottenTopicsData()
	forgotten.TopicID = topic.TopicID
	for partition := range s.known {
		if _, ok := wanted[partition]; !ok {
			forgotten.Partitions = append(forgotten.Partitions, partition)
			delete(s.known, partition)
		}
	}
	if len(forgotten.Partitions) > 0 {
		request.ForgottenTopicsData = append(request.ForgottenTopicsData, forgotten)
	}
	return cold
}

func fetchOf(partition int32, batches []ackBatch) kmsg.ShareFetchRequestTopicPartition {
	p := kmsg.NewShareFetchRequestTopicPartition()
	p.Partition = partition
	p.PartitionMaxBytes = mostFetchBytes
	for _, batch := range batches {
		b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
		b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = batch.first, batch.last, []int8{batch.kind}
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	return p
}

// takeIn works on the answer to a fetch.
func (s *shareSession) takeIn(response *kmsg.ShareFetchResponse, acks []*ack) {
	c := s.consumer
	var handles []*shareHandle
	results := map[int32]error{}
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			p := &topic.Partitions[i]
			results[p.Partition] = kerr.ErrorForCode(p.AcknowledgeErrorCode)
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				s.forgetPartition(p.Partition, err)
				continue
			}
			handles = append(handles, s.decode(p)...)
		}
	}
	s.conclude(acks, func(partition int32) (error, bool) { err, ok := results[partition]; return err, ok })
	c.mu.Lock()
	if lock := time.Duration(response.AcquisitionLockTimeoutMillis) * time.Millisecond; lock > 0 {
		s.lock = lock
	}
	for _, h := range handles {
		s.hold(h)
	}
	if len(handles) > 0 || len(acks) > 0 {
		s.wait = leastFetchWait
	}
	if len(handles) == 0 {
		c.serve() // those who do not wait
	}
	c.mu.Unlock()
	if len(handles) > 0 {
		c.sortOut(handles)
	}
}

// forgetPartition follows up on a partition that the broker has nothing for, most likely because it does not lead it.
func (s *shareSession) forgetPartition(partition int32, err error) {
	c := s.consumer
	delete(s.known, partition)
	c.wantRefresh()
	if !errors.Is(err, kerr.NotLeaderForPartition) && !errors.Is(err, kerr.FencedLeaderEpoch) {
		return
	}
	c.mu.Lock()
	wanted := map[int32]struct{}{}
	for p := range s.wanted {
		if p != partition {
			wanted[p] = struct{}{}
		}
	}
	s.wanted = wanted // until the new leader is known
	c.mu.Unlock()
}

// decode reads the records of a partition that the broker has locked for us. Of offsets without a
// record, which compaction and transactions leave behind, it tells the broker so.
func (s *shareSession) decode(p *kmsg.ShareFetchResponseTopicPartition) []*shareHandle {
	c := s.consumer
	part := kmsg.NewFetchResponseTopicPartition()
	part.Partition, part.RecordBatches = p.Partition, p.Records
	fetched, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: c.session.topic.name, Partition: p.Partition}, &part, kgo.DefaultDecompressor(), nil)
	records := fetched.Records
	gap := ackGap
	if fetched.Err != nil {
		gap = ackRelease // what cannot be read now may be readable when it comes again
	}
	now := time.Now()
	var handles []*shareHandle
	var gaps []*ack
	c.mu.Lock()
	generation := s.generation
	c.mu.Unlock()
	for _, acquired := range p.AcquiredRecords {
		next := acquired.FirstOffset
		for len(records) > 0 && records[0].Offset <= acquired.LastOffset {
			record := records[0]
			records = records[1:]
			if record.Offset < acquired.FirstOffset {
				continue
			}
			if record.Offset > next {
				gaps = append(gaps, &ack{partition: p.Partition, first: next, last: record.Offset - 1, kind: gap})
			}
			next = record.Offset + 1
			handles = append(handles, &shareHandle{
				session: s, generation: generation, record: record, count: max(1, int(acquired.DeliveryCount)), renewed: now,
			})
		}
		if next <= acquired.LastOffset {
			gaps = append(gaps, &ack{partition: p.Partition, first: next, last: acquired.LastOffset, kind: gap})
		}
	}
	if len(gaps) > 0 {
		c.mu.Lock()
		s.acks = append(s.acks, gaps...)
		c.mu.Unlock()
	}
	return handles
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
	c.mu.Lock()
	s.epoch, s.known, s.broken = 0, map[int32]struct{}{}, nil
	generation := s.generation
	s.generation++
	clear(s.held)
	acks := s.acks
	s.acks = nil
	kept := c.ready[:0:0]
	for _, h := range c.ready {
		if h.session != s {
			kept = append(kept, h)
		}
	}
	c.ready = kept
	c.refuse(fail(c.work, fmt.Sprintf("asking broker %d", s.broker), err), false)
	c.mu.Unlock()
	finishAll(acks, queues.ErrLockLost)
	c.wantRefresh()
	c.session.params.Void(func(handle any) bool {
		h, ok := handle.(*shareHandle)
		return ok && h.session == s && h.generation <= generation
	})
}

// end closes the session on the broker, which releases what is left.
func (s *shareSession) end() {
	if s.epoch == 0 {
		return
	}
	s.epoch = leavingEpoch
	_ = s.acknowledge(nil, false) // if that fails, the end of the connection has the same effect
}
