package rabbitmq

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// What a quorum queue hands out to a consumer while it ends it, the server takes back, and counts it (seen on RabbitMQ
// 3.10): the channel forgets the consumer, and then waits for the queue to write that down. There are three
// ways around that. A consumer that holds as many messages as it may is handed nothing more, and can be ended. One
// that can hold more is ended behind guards, consumers that the server serves before it; see guard. And the
// consumers for one message, guards included, are not ended with the receiver that they were made for, but
// later, when nothing has come for a while; what comes until then is for the next receiver, or is given back uncounted.
const (
	// idleLimit is how long a consumer without a receiver waits for the next one.
	idleLimit = 500 * time.Millisecond
	// handLimit is how long a message without a receiver waits for one.
	handLimit = 20 * time.Millisecond
)

// counter is where receivers who wait get what comes, in the order of their coming. For each there is a
// consumer that may hold one message.
type counter struct {
	session *session

	mu        sync.Mutex
	line      []*waiting // receivers
	consumers int        // that may still be handed a message, those about to start included
	guards    int        // those of them that are served before listeners
	hand      []*handle  // messages for which there was no receiver
	closed    bool
	surplus   chan struct{} // holds one token: a receiver has gone, and its consumer is left
}

// waiting is a receiver in the line.
type waiting struct {
	served chan serving // has room for one
}

// serving is what a receiver in the line gets.
type serving struct {
	handle *handle
	err    error
}

func (what serving) handles() ([]*handle, error) {
	if what.err != nil {
		return nil, what.err
	}
	return []*handle{what.handle}, nil
}

// wait returns the next message that comes.
func (c *counter) wait(ctx context.Context) ([]*handle, error) {
	me := &waiting{served: make(chan serving, 1)}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, queues.ErrNotOpened
	}
	c.line = append(c.line, me)
	start := c.consumers < len(c.line)
	if start {
		c.consumers++
	}
	c.mu.Unlock()
	if start {
		if err := c.start(ctx, false); err != nil {
			return c.leave(me, err)
		}
	}
	select {
	case got := <-me.served:
		return got.handles()
	case <-ctx.Done():
		return c.leave(me, ctx.Err())
	case <-c.session.closing:
		return c.leave(me, queues.ErrNotOpened)
	}
}

// look has one of the consumers see whether it has to end.
func (c *counter) look() {
	if c.consumers > len(c.line) {
		select {
		case c.surplus <- struct{}{}:
		default:
		}
	}
}

// leave takes a receiver out of the line, for that reason; unless it has been served.
func (c *counter) leave(me *waiting, reason error) ([]*handle, error) {
	c.mu.Lock()
	if i := slices.Index(c.line, me); i >= 0 {
		c.line = slices.Delete(c.line, i, i+1)
		c.look()
		c.mu.Unlock()
		return nil, reason
	}
	c.mu.Unlock()
	got := <-me.served // it is there, or about to be
	if got.err != nil {
		return nil, reason
	}
	return got.handles()
}

// take returns what is in the hand.
func (c *counter) take(most int) []*handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.hand[:min(most, len(c.hand)):min(most, len(c.hand))]
	c.hand = c.hand[len(taken):]
	return taken
}

// start starts a consumer that is counted already. If that fails it is not.
func (c *counter) start(ctx context.Context, guard bool) error {
	s := c.session
	l, err := s.lanes.lend(ctx)
	if err != nil {
		c.leaveOut(guard)
		return err
	}
	_, err = await(ctx, s, func() (struct{}, error) { return struct{}{}, c.consume(l, guard) }, func(struct{}) {})
	return err
}

// consume starts a consumer on a lane, and a goroutine that waits for its message.
func (c *counter) consume(l *lane, guard bool) error {
	s := c.session
	tag := s.listening.newTag()
	var arguments amqp.Table
	if guard {
		arguments = amqp.Table{"x-priority": int32(1)}
	}
	deliveries, err := l.consume(s.settings.queue, tag, 1, arguments)
	if err != nil {
		c.leaveOut(guard)
		s.lanes.retire(l)
		return err
	}
	s.calls.Go(func() {
		c.attend(l, tag, deliveries)
		if guard {
			c.mu.Lock()
			c.guards--
			c.mu.Unlock()
		}
	})
	return nil
}

// leaveOut notes that a consumer has not come about.
func (c *counter) leaveOut(guard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.consumers--
	if guard {
		c.guards--
	}
}

// guards is how many messages may come while a consumer is ended, and go elsewhere.
const guards = 3

// guardLimit is how long the server may take to set them up.
const guardLimit = time.Second

// guard starts consumers, for one message each, that the server serves before any that listen. While there is one
// that has got nothing, nothing more is on its way to those. It reports false if they are not there. They end
// as all consumers without a receiver do. Listeners that stop at the same time share some.
func (c *counter) guard() bool {
	s := c.session
	if s.settings.queueType != queueTypeQuorum {
		return true // a classic queue hands out nothing to a consumer that is ended
	}
	ctx, cancel := context.WithTimeout(context.Background(), guardLimit)
	defer cancel()
	var starting sync.WaitGroup
	var failed atomic.Bool
	for range c.addGuards() {
		starting.Go(func() {
			if c.start(ctx, true) != nil {
				failed.Store(true)
			}
		})
	}
	starting.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
	return !failed.Load()
}

// addGuards notes that guards are about to start, and returns how many.
func (c *counter) addGuards() (count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.guards < 3*guards { // those that are there may be about to end
		count = guards
	}
	c.consumers += count
	c.guards += count
	return count
}

// attend waits for the message of a consumer, and ends the consumer.
func (c *counter) attend(l *lane, tag string, deliveries <-chan amqp.Delivery) {
	defer c.session.lanes.retire(l)
	idle := time.NewTimer(idleLimit)
	defer idle.Stop()
	closing := c.session.closing
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				c.serve(serving{err: fmt.Errorf("%w: the server has ended a consumer", queues.ErrNoConnection)})
				return
			}
			_ = l.ch.Cancel(tag, true) // before it is settled: until then nothing else can come
			c.serve(serving{handle: l.handle(d, nil)})
			return
		case <-c.surplus:
			idle.Reset(idleLimit)
			continue
		case <-closing:
			closing = nil
			idle.Reset(quietLimit)
			continue
		case <-idle.C:
			if closing != nil && !c.isSurplus() {
				continue
			}
		}
		_ = l.cancel(tag) // if that fails the server has back what it has delivered
		for d := range deliveries {
			c.put(l.handle(d, nil))
		}
		return
	}
}

// isSurplus tells whether there are more consumers than receivers, and takes note of the end of one if so.
func (c *counter) isSurplus() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.consumers <= len(c.line) {
		return false
	}
	c.consumers--
	c.look() // there may be more
	return true
}

// serve hands what a consumer has got, which was its last, to the first in the line.
func (c *counter) serve(what serving) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.consumers--
	if what.handle != nil {
		c.distribute([]*handle{what.handle})
		return
	}
	if c.consumers < len(c.line) { // one of them waits in vain
		c.line[0].served <- what
		c.line = c.line[1:]
	}
}

// put hands messages to those in the line, and to a listener. What is left stays in the hand for a moment, and is
// then given back.
func (c *counter) put(handles ...*handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.distribute(handles)
}

// offer hands messages to those in the line, and returns what is left.
func (c *counter) offer(handles []*handle) []*handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serveLine(handles)
}

func (c *counter) serveLine(handles []*handle) []*handle {
	for len(handles) > 0 && len(c.line) > 0 {
		c.line[0].served <- serving{handle: handles[0]}
		c.line, handles = c.line[1:], handles[1:]
	}
	c.look()
	return handles
}

func (c *counter) distribute(handles []*handle) {
	handles = c.serveLine(handles)
	if len(handles) == 0 || !c.closed && c.session.listening.adopt(handles) {
		return
	}
	if c.closed {
		c.session.returner.add(handles)
		return
	}
	c.hand = append(c.hand, handles...)
	if len(c.hand) == len(handles) {
		c.session.calls.Go(c.tidy)
	}
}

// tidy gives back what is in the hand, when it has been there for a while.
func (c *counter) tidy() {
	timer := time.NewTimer(handLimit)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.session.closing:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.returner.add(c.hand) // who counts finds them in one place or the other
	c.hand = nil
}

// held counts the messages in the hand.
func (c *counter) held() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.hand)
}

// close gives back what is in the hand, and from then on what comes.
func (c *counter) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.session.returner.add(c.hand)
	c.hand = nil
}
