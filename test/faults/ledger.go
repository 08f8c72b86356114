package faults

import (
	"fmt"
	"sync"
	"time"
)

// stage is how far a delivery has got.
type stage int

const (
	working     stage = iota // the receiver has it
	interrupted              // the receiver's ctx ended before its work did
	completing               // the receiver has done its work and called Complete
	completed                // Complete returned nil
	failed                   // Complete returned an error
)

// delivery is one message handed to one receiver.
type delivery struct {
	entry    *entry
	consumer *consumer
	count    int // the envelope's DeliveryCount
	stage    stage
	err      string    // why Complete failed, or the receiver was interrupted
	received moment    // when it was received
	ended    moment    // when Complete returned
	again    *delivery // the next delivery of the same message
}

// moment is a time, how many faults of the server there had been by then, and when the last one was.
type moment struct {
	time   time.Time
	faults int
	fault  time.Time
}

// String gives the time by the last fault.
func (m moment) String() string {
	if m.faults == 0 {
		return "before any fault"
	}
	return fmt.Sprintf("%s after fault %d", m.sinceFault().Round(time.Millisecond), m.faults)
}

func (m moment) sinceFault() time.Duration { return m.time.Sub(m.fault) }

// consumer is who receives messages: a queue object or a process.
type consumer struct {
	name   string
	killed time.Time // zero while it lives
}

func (c *consumer) isDead() bool { return !c.killed.IsZero() }

// entry is the line of the ledger for one Send: for what happened to one message.
type entry struct {
	id           string
	begun, ended moment
	acknowledged bool
	err          error // of Send
	first, last  *delivery
}

// isHandled tells whether a receiver has done its work on the message.
func (e *entry) isHandled() bool {
	for d := e.first; d != nil; d = d.again {
		if d.stage >= completing {
			return true
		}
	}
	return false
}

// completions is how often Complete returned nil.
func (e *entry) completions() (number int) {
	for d := e.first; d != nil; d = d.again {
		if d.stage == completed {
			number++
		}
	}
	return number
}

// ledger keeps what happened to each message. Its methods may be called concurrently.
type ledger struct {
	changed     chan struct{} // receives a token after every change; for one waiter
	lockTimeout time.Duration // of the queue

	mu        sync.Mutex
	faults    int
	lastFault time.Time
	entries   map[string]*entry
	order     []*entry
	foreign   map[string]int // received, and never sent: how often
	damaged   map[string]int // received with another payload than was sent

	acknowledged int // Sends
	handled      int // acknowledged messages that a receiver has done its work on
	distinct     int // messages received
	received     int // deliveries
	refused      int // Sends that failed
}

func newLedger(lockTimeout time.Duration) *ledger {
	return &ledger{
		lockTimeout: lockTimeout,
		changed:     make(chan struct{}, 1),
		entries:     map[string]*entry{},
		foreign:     map[string]int{},
		damaged:     map[string]int{},
	}
}

// change is called with the lock held by whoever changed something.
func (l *ledger) change() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *ledger) now() moment { return moment{time.Now(), l.faults, l.lastFault} }

// fault notes that the server is being killed, or has been started.
func (l *ledger) fault() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults++
	l.lastFault = time.Now()
}

// send opens a line for a message that is about to be sent.
func (l *ledger) send(id string) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{id: id, begun: l.now()}
	l.entries[id] = e
	l.order = append(l.order, e)
	return e
}

// sent notes what Send has returned.
func (l *ledger) sent(e *entry, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change()
	e.ended, e.err = l.now(), err
	if err != nil {
		l.refused++
		return
	}
	e.acknowledged = true
	l.acknowledged++
	if e.isHandled() {
		l.handled++
	}
}

// receive notes a delivery; nil for a message that nobody has sent.
func (l *ledger) receive(by *consumer, id string, count int, intact bool) *delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change()
	e := l.entries[id]
	if e == nil {
		l.foreign[id]++
		return nil
	}
	if !intact {
		l.damaged[id]++
	}
	d := &delivery{entry: e, consumer: by, count: count, received: l.now()}
	if e.first == nil {
		e.first = d
		l.distinct++
	} else {
		e.last.again = d
	}
	e.last = d
	l.received++
	return d
}

// complete notes that the receiver has done its work and calls Complete.
func (l *ledger) complete(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change()
	was := d.entry.isHandled()
	d.stage = completing
	if d.entry.acknowledged && !was {
		l.handled++
	}
}

// end notes what Complete has returned; err is empty for nil.
func (l *ledger) end(d *delivery, err string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change()
	d.ended, d.err, d.stage = l.now(), err, completed
	if err != "" {
		d.stage = failed
	}
}

// interrupt notes that the receiver was told to stop its work.
func (l *ledger) interrupt(d *delivery, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change()
	d.ended, d.err, d.stage = l.now(), why, interrupted
}

// kill notes that the consumer is dead and returns how many messages it had in work.
func (l *ledger) kill(victim *consumer) (inWork int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	victim.killed = time.Now()
	for _, e := range l.order {
		for d := e.first; d != nil; d = d.again {
			if d.consumer == victim && d.stage == working {
				inWork++
			}
		}
	}
	return inWork
}

// tally is what can be counted at any time.
type tally struct{ sent, acknowledged, refused, received, distinct, handled int }

// missing is how many acknowledged messages no receiver has done its work on.
func (t tally) missing() int { return t.acknowledged - t.handled }

func (l *ledger) tally() tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tally{len(l.order), l.acknowledged, l.refused, l.received, l.distinct, l.handled}
}
