package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mover produces delayed messages to the topic of the queue when they are due. The processes that have the queue open
// are a consumer group of the topic where those messages wait: one of them reads it, and another one takes over when
// that one goes. A message is produced, and confirmed, before its offset is settled: a crash may double it, not
// lose it.
//
// What is read waits in memory, up to mostTracked messages of mostBytes together. See makeRoom for what is beyond.
type mover struct {
	delays   *delays
	consumer *groupConsumer // of the topic where they wait
	work     context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
	bell     chan struct{} // holds a token: there may be something to do

	turn   sync.Mutex     // of who begins to produce, or clears
	moving sync.WaitGroup // records that are being produced; it grows with turn held

	mu      sync.Mutex
	waiting agenda[*entry]
	flying  int       // records that are being produced
	rest    time.Time // before this, what is beyond the bound is not gone through again
	moves   int       // settled since makeRoom looked at the gaps
	done    int       // settled since the topic was trimmed
	trimmed time.Time
	denied  bool // we may not trim it
}

// How a mover goes about it.
const (
	moverSession  = 10 * time.Second // after which another process moves what a dead one would have
	lookForTopic  = 15 * time.Second // how often, while there is none
	graceOfSender = 2 * time.Second  // before one that only sends joins: it may be gone soon
	mostMoves     = 1000             // at a time
	retryMove     = time.Second
	moverTake     = 500
	withPresent   = time.Hour // what waited for longer is stamped anew, lest the topic's retention removes it at once
	mostTimerWait = time.Hour
)

func newMover(d *delays) *mover {
	m := &mover{delays: d, bell: make(chan struct{}, 1), trimmed: time.Now()}
	m.work, m.stop = context.WithCancel(context.Background())
	s := d.session
	m.consumer = newGroupConsumer(&session{
		link: s.link, topic: topic{name: d.topic, partitions: 1}, group: d.topic, mode: modeGroup, outer: s,
		params: queues.StorageParams{LockTimeout: moverSession, Void: m.forget},
	}, true)
	return m
}

func (m *mover) start() { m.running.Go(m.run) }

// run waits until there is a topic, and then moves what is in it.
func (m *mover) run() {
	for m.delays.find(m.work) != nil {
		if m.sleep(lookForTopic, m.bell); m.work.Err() != nil { // another process may make it
			return
		}
	}
	if m.sleep(graceOfSender, m.delays.wanted); m.work.Err() != nil {
		return
	}
	m.running.Go(m.read)
	timer := time.NewTimer(mostTimerWait)
	defer timer.Stop()
	for m.work.Err() == nil {
		m.moveDue()
		m.makeRoom()
		m.trim()
		timer.Reset(m.pause())
		select {
		case <-m.bell:
		case <-timer.C:
		case <-m.work.Done():
		}
	}
}

// sleep returns when so much time has passed, when something comes from wake, or when the mover is to stop.
func (m *mover) sleep(d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	case <-m.work.Done():
	}
}

// read takes in what waits.
func (m *mover) read() {
	into := make([]queues.Delivery, moverTake)
	for m.work.Err() == nil {
		n, err := m.consumer.take(m.work, into, true)
		if err != nil {
			_ = pauseFor(m.work, leastPause)
			continue
		}
		m.mu.Lock()
		for i := range into[:n] {
			e := into[i].Handle.(*entry)
			due, turned := appointmentOf(e.record)
			m.waiting.put(due, e)
			if again := turned.Add(restOfTurning); again.After(m.rest) {
				m.rest = again
			}
			into[i] = queues.Delivery{}
		}
		m.mu.Unlock()
		ring(m.bell)
	}
}

// pause is how long there is nothing to do.
func (m *mover) pause() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	pause := mostTimerWait
	if due, some := m.waiting.next(); some {
		pause = min(pause, time.Until(due))
	}
	if m.done > 0 && !m.denied {
		pause = min(pause, time.Until(m.trimmed.Add(trimInterval)))
	}
	if time.Now().Before(m.rest) {
		pause = min(pause, time.Until(m.rest))
	}
	return max(0, pause)
}

// moveDue moves what is due. It does not wait for the confirmations.
func (m *mover) moveDue() {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	due := m.waiting.takeDue(time.Now(), mostMoves)
	m.mu.Unlock()
	m.produce(due, m.moved, func(*entry) time.Time { return time.Now().Add(retryMove) })
	if len(due) == mostMoves {
		ring(m.bell)
	}
}

// moved is the record that becomes ready.
func (m *mover) moved(e *entry) *kgo.Record {
	s := m.delays.session
	record := copyTo(s.topic.name, e.record)
	envelope := read(record)
	record.Partition = s.partitionOf(&envelope, m.delays.dead)
	if now := time.Now(); now.Sub(record.Timestamp) > withPresent {
		sent := []byte(envelope.SentTime.Format(time.RFC3339Nano))
		record = copyTo(record.Topic, record, kgo.RecordHeader{Key: headerSent, Value: sent})
		record.Timestamp, record.Partition = now, s.partitionOf(&envelope, m.delays.dead)
	}
	return record
}

// produce writes what becomes of entries, and settles each when that is confirmed. What was removed from the topic
// meanwhile is settled, what was lost left alone, and what fails waits until later. It is called with turn held.
func (m *mover) produce(entries []*entry, become func(*entry) *kgo.Record, later func(*entry) time.Time) {
	if len(entries) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(m.work, m.delays.session.link.patient)
	defer cancel()
	starts, err := m.delays.session.link.admin.ListStartOffsets(ctx, m.delays.topic)
	if err == nil {
		err = starts.Error()
	}
	for _, e := range entries {
		start, known := starts.Lookup(m.delays.topic, e.partition.number)
		switch {
		case err != nil || !known:
			m.failed(e, later(e))
		case e.offset < start.Offset:
			m.settle(e)
		default:
			record, _ := m.consumer.origin(e)
			if record == nil {
				continue // it is another process's now
			}
			m.fly(1)
			m.delays.session.link.append(context.Background(), become(e), func(err error) {
				defer m.fly(-1)
				if err != nil {
					m.failed(e, later(e))
					return
				}
				m.settle(e)
			})
		}
	}
}

// fly notes that a record is being produced, or is no longer.
func (m *mover) fly(n int) {
	m.mu.Lock()
	m.flying += n
	if m.flying == 0 {
		ring(m.bell)
	}
	m.mu.Unlock()
	m.moving.Add(n)
}

// failed keeps an entry that could not be produced until it is due.
func (m *mover) failed(e *entry, due time.Time) {
	m.mu.Lock()
	m.waiting.put(due, e)
	if again := time.Now().Add(retryMove); again.After(m.rest) {
		m.rest = again
	}
	m.mu.Unlock()
	ring(m.bell)
}

func (m *mover) settle(e *entry) {
	_ = m.consumer.complete(m.work, e) // if it is lost meanwhile it comes twice
	m.mu.Lock()
	m.moves++
	m.done++
	m.mu.Unlock()
}

// forget lets go of entries that are another process's now.
func (m *mover) forget(lost func(handle any) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting.takeIf(func(e *entry) bool { return lost(e) })
}

// clear removes all that waits.
func (m *mover) clear(ctx context.Context) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.awaitMoves(ctx)
	upTo, err := m.delays.session.link.clearTopic(ctx, m.delays.topic)
	if err != nil {
		return err
	}
	m.consumer.forget(upTo)
	m.mu.Lock()
	gone := m.waiting.takeIf(func(e *entry) bool { return e.offset < upTo[e.partition.number] })
	m.mu.Unlock()
	for _, item := range gone {
		m.settle(item.what)
	}
	return nil
}

// awaitMoves returns when nothing is being produced, or ctx ends.
func (m *mover) awaitMoves(ctx context.Context) {
	moved := make(chan struct{})
	go func() {
		m.moving.Wait() // the client ends what it cannot write
		close(moved)
	}()
	select {
	case <-moved:
	case <-ctx.Done():
	}
}

// close leaves what waits to others.
func (m *mover) close(ctx context.Context) {
	m.stop()
	m.running.Wait()
	m.awaitMoves(ctx)
	m.consumer.close(ctx)
}
