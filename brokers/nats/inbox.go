package nats

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// inbox is where calls get their answers: each has a mailbox to itself for as long as it lasts. The reader of the
// connection puts answers there directly, so that a call costs neither a subscription nor a goroutine in between.
type inbox struct {
	conn *natsgo.Conn

	mu   sync.Mutex
	idle []*mailbox
}

// mailbox is a subscription for the answers to one call after the other. Each message of a call has an address of
// its own. After a while they are used again, since the server remembers where addresses lead that it has seen. A mailbox
// that a late answer may still come to is not used again, so that it is taken for nothing else.
type mailbox struct {
	prefix  string // of its addresses
	last    uint64 // number of the last address
	answers chan *natsgo.Msg
	timer   *time.Timer
	sub     *natsgo.Subscription
}

// maxGroup is how many messages a call may have.
const maxGroup = 256

const (
	maxIdleMailboxes = 64
	addressCycle     = 16 // after so many addresses a call begins with the first one again
)

func (i *inbox) open() (*mailbox, error) {
	i.mu.Lock()
	if last := len(i.idle) - 1; last >= 0 {
		box := i.idle[last]
		i.idle = i.idle[:last]
		i.mu.Unlock()
		return box, nil
	}
	i.mu.Unlock()
	box := &mailbox{prefix: i.conn.NewInbox() + ".", answers: make(chan *natsgo.Msg, maxGroup), timer: time.NewTimer(time.Hour)}
	box.timer.Stop()
	var err error
	box.sub, err = i.conn.ChanSubscribe(box.prefix+"*", box.answers)
	return box, err
}

// close takes a mailbox back, which has got all answers or not.
func (i *inbox) close(box *mailbox, complete bool) {
	box.timer.Stop()
	i.mu.Lock()
	defer i.mu.Unlock()
	if complete && len(i.idle) < maxIdleMailboxes {
		i.idle = append(i.idle, box)
		return
	}
	_ = box.sub.Unsubscribe() // it fails only when there is no connection, and then there is no subscription
}

// begin prepares for a call, and returns the number of the address before its first one.
func (b *mailbox) begin() uint64 {
	for len(b.answers) > 0 {
		<-b.answers // a second answer to something
	}
	if b.last >= addressCycle {
		b.last = 0
	}
	return b.last
}

// address is the next one.
func (b *mailbox) address() string {
	b.last++
	room := make([]byte, 0, 64)
	return string(strconv.AppendUint(append(room, b.prefix...), b.last, 36))
}

// number is that of the address which an answer has come to; 0 if it cannot be read.
func (b *mailbox) number(answer *natsgo.Msg) uint64 {
	text, _ := strings.CutPrefix(answer.Subject, b.prefix)
	number, _ := strconv.ParseUint(text, 36, 64)
	return number
}

// exchange has as many messages sent as there is room for answers, up to maxGroup, and waits for all answers: no longer
// than patience and ctx last, nor than the connection, with which the server forgets that it was to answer. With an error
// it may have got some of them. Whoever sends a message must send it with that address to reply to.
func (l *link) exchange(ctx context.Context, answers []*natsgo.Msg, send func(i int, reply string) error, patience time.Duration) error {
	box, err := l.inbox.open()
	if err != nil {
		return err
	}
	left := len(answers)
	defer func() { l.inbox.close(box, left == 0) }()
	clear(answers)
	now, before := l.now.Load(), box.begin()
	for i := range answers {
		if err := send(i, box.address()); err != nil {
			return err
		}
	}
	box.timer.Reset(patience)
	for left > 0 {
		select {
		case answer := <-box.answers:
			if i := box.number(answer) - before - 1; i < uint64(len(answers)) && answers[i] == nil {
				answers[i] = answer
				left--
			}
		case <-now.changed:
			if len(box.answers) > 0 {
				continue // which came before
			}
			if !l.isStill(now.connection) {
				return natsgo.ErrDisconnected
			}
			now = l.now.Load()
		case <-box.timer.C:
			return natsgo.ErrTimeout
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// attempt sends a message and waits for the answer.
func (l *link) attempt(ctx context.Context, message *natsgo.Msg, patience time.Duration) (*natsgo.Msg, error) {
	var answers [1]*natsgo.Msg
	err := l.exchange(ctx, answers[:], func(_ int, reply string) error {
		message.Reply = reply
		return l.conn.PublishMsg(message)
	}, patience)
	if err != nil {
		return nil, err
	}
	return heard(answers[0])
}

// heard tells the server's word that nobody listens from an answer.
func heard(answer *natsgo.Msg) (*natsgo.Msg, error) {
	if len(answer.Data) == 0 && answer.Header.Get(statusHeader) == statusNoResponders {
		return nil, natsgo.ErrNoResponders
	}
	return answer, nil
}
