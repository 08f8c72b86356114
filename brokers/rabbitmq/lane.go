package rabbitmq

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// mostAsking is how many receivers may ask at a time, which takes a moment; more wait for their turn.
const mostAsking = 16

// lane is a channel that messages are taken on. What it has delivered is settled on it, and void when it
// is lost.
type lane struct {
	ch   *amqp.Channel
	gone chan struct{} // closed when the channel is

	exchange sync.Mutex // held while the server is asked something: one answer could be taken for another
	prefetch int        // as the server knows it for the next consumer; 0: no limit

	ledger ledger
}

// handle is what settling a message needs.
type handle struct {
	lane  *lane
	raw   *amqp.Delivery
	count int
	feed  *feed // that it came by; nil for none

	entry entry // in the ledger of the lane
}

// settled notes that the server may push another message in its place.
func (h *handle) settled() {
	if h.feed != nil {
		h.feed.unsettled.Add(-1)
	}
}

// fill makes deliveries of what the server has handed over.
func fill(dst []queues.Delivery, taken []*handle) {
	for i, h := range taken {
		dst[i].Message, dst[i].Count, dst[i].Handle = given(h.raw), h.count, h
	}
}

func (l *lane) handle(d amqp.Delivery, by *feed) *handle {
	h := &handle{lane: l, raw: &d, count: deliveriesOf(&d), feed: by}
	l.ledger.add(h)
	return h
}

// openLane opens a channel, when there is a connection and what the queue needs.
func (s *session) openLane(ctx context.Context) (*lane, error) {
	conn, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	ch, err := await(ctx, s, conn.Channel, s.discard)
	if err != nil {
		return nil, failure(err)
	}
	l := &lane{ch: ch, gone: make(chan struct{})}
	lost := ch.NotifyClose(make(chan *amqp.Error, 1))
	s.watchers.Go(func() { s.watch(l, lost) })
	return l, nil
}

// watch tells the base when what a lane has delivered is void: the server has put it back.
func (s *session) watch(l *lane, lost <-chan *amqp.Error) {
	reason := <-lost
	close(l.gone)
	if reason == nil {
		return // this side has closed it
	}
	s.void(func(value any) bool {
		h, ok := value.(*handle)
		return ok && h.lane == l
	})
}

// get asks for one message; nil if there is none.
func (l *lane) get(queue string) (*handle, error) {
	l.exchange.Lock()
	defer l.exchange.Unlock()
	d, ok, err := l.ch.Get(queue, false)
	if err != nil || !ok {
		return nil, err
	}
	return l.handle(d, nil), nil
}

// consume has the server push messages, as long as fewer than so many of them are unsettled.
func (l *lane) consume(queue, tag string, prefetch int, arguments amqp.Table) (<-chan amqp.Delivery, error) {
	l.exchange.Lock()
	defer l.exchange.Unlock()
	if l.prefetch != prefetch {
		if err := l.ch.Qos(prefetch, 0, false); err != nil {
			return nil, err
		}
		l.prefetch = prefetch
	}
	return l.ch.Consume(queue, tag, false, false, false, false, arguments)
}

// cancel ends a consumer. Its deliveries end after what it has delivered, and are all there are if the
// consumer had no more credit; see linger.
func (l *lane) cancel(tag string) error {
	l.exchange.Lock()
	defer l.exchange.Unlock()
	return l.ch.Cancel(tag, false)
}

// ask has the server answer to something that changes nothing.
func (l *lane) ask() error {
	l.exchange.Lock()
	defer l.exchange.Unlock()
	return l.ch.Qos(l.prefetch, 0, false)
}

// lanes lends channels to those who take messages.
type lanes struct {
	session *session
	slots   chan struct{} // a token for each lane that is lent

	mu   sync.Mutex
	idle []*lane
	all  []*lane
}

func newLanes(s *session) *lanes {
	return &lanes{session: s, slots: make(chan struct{}, mostAsking)}
}

// borrow waits for its turn, and returns a lane that nobody else uses until giveBack.
func (p *lanes) borrow(ctx context.Context) (*lane, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.session.closing:
		return nil, queues.ErrNotOpened
	}
	l, err := p.lend(ctx)
	if err != nil {
		<-p.slots
	}
	return l, err
}

// giveBack ends a borrow.
func (p *lanes) giveBack(l *lane) {
	p.retire(l)
	<-p.slots
}

// lend is borrow without a limit, until retire.
func (p *lanes) lend(ctx context.Context) (*lane, error) {
	if l := p.unused(); l != nil {
		return l, nil
	}
	l, err := p.session.openLane(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, l)
	return l, nil
}

// unused returns a lane that is open and that nobody uses.
func (p *lanes) unused() *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		l := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !l.ch.IsClosed() {
			return l
		}
		p.strike(l)
	}
	return nil
}

// retire ends the use of a lane. What it has delivered may be unsettled still, and is settled on it.
func (p *lanes) retire(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.ch.IsClosed() {
		p.strike(l)
	} else {
		p.idle = append(p.idle, l)
	}
}

func (p *lanes) strike(l *lane) {
	for i, each := range p.all {
		if each == l {
			p.all = append(p.all[:i], p.all[i+1:]...)
			return
		}
	}
}

// close closes all lanes. The server puts back what they have delivered and nobody has settled.
func (p *lanes) close() {
	p.mu.Lock()
	all := p.all
	p.all, p.idle = nil, nil
	p.mu.Unlock()
	var closing sync.WaitGroup
	for _, l := range all {
		closing.Go(func() { _ = l.ch.Close() })
	}
	closing.Wait()
}
