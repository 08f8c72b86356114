package nats

import (
	"strconv"
	"strings"
	"sync"

	natsgo "github.com/nats-io/nats.go"
)

// inbox is one subscription in which many calls get their answers, each at an address of its own. A call costs
// neither a subscription nor a context.
type inbox struct {
	prefix string

	mu    sync.Mutex
	last  uint64
	calls map[string]*call // by the last part of their addresses
}

// call is a message to the server that an answer is expected to.
type call struct {
	inbox  *inbox
	key    string
	answer chan *natsgo.Msg
}

func openInbox(conn *natsgo.Conn) (*inbox, error) {
	i := &inbox{prefix: conn.NewInbox() + ".", calls: map[string]*call{}}
	sub, err := conn.Subscribe(i.prefix+"*", i.receive)
	if err != nil {
		return nil, err
	}
	return i, sub.SetPendingLimits(-1, -1) // what was asked for is the limit
}

// open makes a call, until end.
func (i *inbox) open() *call {
	c := &call{inbox: i, answer: make(chan *natsgo.Msg, 1)}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last++
	c.key = strconv.FormatUint(i.last, 36)
	i.calls[c.key] = c
	return c
}

func (c *call) address() string { return c.inbox.prefix + c.key }

// end makes a later answer go nowhere.
func (c *call) end() {
	c.inbox.mu.Lock()
	defer c.inbox.mu.Unlock()
	delete(c.inbox.calls, c.key)
}

func (i *inbox) receive(message *natsgo.Msg) {
	key := strings.TrimPrefix(message.Subject, i.prefix)
	i.mu.Lock()
	c := i.calls[key]
	i.mu.Unlock()
	if c == nil {
		return // nobody waits for it any more
	}
	select {
	case c.answer <- message:
	default: // a second answer
	}
}
