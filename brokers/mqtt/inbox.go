package mqtt

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho/session/state"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// inbox is the client's side of a session. Unlike the library's own it leaves it to the receiver when a
// message is acknowledged: at once when it is settled, rather than by a ticker, and in the order in which
// messages have come, as the protocol demands. The library sees a state of a session like any other.
type inbox struct {
	*state.State

	// lost is called, by a goroutine of the library, when a connection is lost: what has come by it can be
	// acknowledged no more.
	lost func(*period)

	arrived atomic.Int64 // messages that the library has read

	mu      sync.Mutex
	current *period       // nil while there is no connection
	isUp    bool          // the library lets calls through
	up      chan struct{} // closed while it is
}

func newInbox(lost func(*period)) *inbox {
	return &inbox{State: state.NewInMemory(), lost: lost, up: make(chan struct{})}
}

// opened is called when the library lets calls through, a moment after the connection was made.
func (i *inbox) opened() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current != nil && !i.isUp {
		i.isUp = true
		close(i.up)
	}
}

// await waits for a connection, and returns its period.
func (i *inbox) await(ctx context.Context) (*period, error) {
	for {
		i.mu.Lock()
		current, isUp, up := i.current, i.isUp, i.up
		i.mu.Unlock()
		if isUp {
			return current, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// period is the time of one connection.
type period struct {
	inbox *inbox
	conn  io.Writer
	ctx   context.Context // ends with the connection
	end   context.CancelFunc

	writing sync.Mutex // of acknowledgements; locked before mu
	packets []byte     // guarded by writing: room for them

	mu       sync.Mutex
	over     bool
	writer   bool       // somebody sees to it that what is settled is acknowledged
	receipts []*receipt // what is not acknowledged, in the order of arrival
}

// receipt is a message that the server has sent: the handle of a delivery.
type receipt struct {
	period  *period
	packet  *packets.Publish // without its payload
	settled bool
}

// ConAckReceived begins a period. See session.SessionManager.
func (i *inbox) ConAckReceived(conn io.Writer, request *packets.Connect, answer *packets.Connack) error {
	p := &period{inbox: i, conn: conn}
	p.ctx, p.end = context.WithCancel(context.Background())
	i.mu.Lock()
	i.current = p
	i.mu.Unlock()
	return i.State.ConAckReceived(conn, request, answer)
}

// ConnectionLost ends it. See session.SessionManager.
func (i *inbox) ConnectionLost(goodbye *packets.Disconnect) error {
	err := i.State.ConnectionLost(goodbye)
	i.mu.Lock()
	p := i.current
	i.current = nil
	if i.isUp {
		i.isUp, i.up = false, make(chan struct{})
	}
	i.mu.Unlock()
	if p != nil {
		p.finish()
		i.lost(p)
	}
	return err
}

// PacketReceived counts messages. See session.SessionManager.
func (i *inbox) PacketReceived(packet *packets.ControlPacket, messages chan<- *packets.Publish) error {
	if packet.Type == packets.PUBLISH {
		i.arrived.Add(1)
	}
	return i.State.PacketReceived(packet, messages)
}

// Ack is what the library calls when the message was handed over. It is acknowledged when it is settled.
func (i *inbox) Ack(*packets.Publish) error { return nil }

// ready returns the period of a connection that can be used, nil if there is none.
func (i *inbox) ready() *period {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.isUp {
		return nil
	}
	return i.current
}

// period returns the one that there is, nil while there is no connection.
func (i *inbox) period() *period {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

func (p *period) finish() {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over, p.receipts = true, nil
}

// take notes a message that has come; nil if the connection is lost already.
func (p *period) take(id uint16, qos byte) *receipt {
	r := &receipt{period: p, packet: &packets.Publish{PacketID: id, QoS: qos}}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return nil
	}
	if qos > 0 {
		p.receipts = append(p.receipts, r)
	}
	return r
}

// settle acknowledges a message: now, or as soon as all that came before it are settled. One who finds somebody
// writing leaves it to them, so that under load many acknowledgements go out in one piece.
func (p *period) settle(r *receipt) error {
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return queues.ErrLockLost
	}
	r.settled = true
	if p.writer || len(p.receipts) == 0 || !p.receipts[0].settled {
		p.mu.Unlock()
		return nil
	}
	p.writer = true
	p.mu.Unlock()

	p.writing.Lock()
	defer p.writing.Unlock()
	for {
		settled := p.settled()
		if len(settled) == 0 {
			return nil
		}
		if err := p.acknowledge(settled); err != nil {
			p.stopWriting()
			return fmt.Errorf("acknowledging: %w: %w", queues.ErrNoConnection, err) // it is failing; what is not acknowledged comes again
		}
		clear(settled)
	}
}

// settled takes out what is settled and waits for nothing. With nothing left, the writer is done.
func (p *period) settled() []*receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.receipts) && p.receipts[n].settled && !p.over {
		n++
	}
	taken := p.receipts[:n:n]
	p.receipts = p.receipts[n:]
	p.writer = n > 0
	return taken
}

func (p *period) stopWriting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writer = false
}

// acknowledge writes acknowledgements in that order. The state of the library has nothing to note of a PUBACK.
func (p *period) acknowledge(settled []*receipt) error {
	p.packets = p.packets[:0]
	for _, r := range settled {
		if r.packet.QoS == 1 {
			p.packets = append(p.packets, packets.PUBACK<<4, 2, byte(r.packet.PacketID>>8), byte(r.packet.PacketID))
			continue
		}
		if err := p.write(); err != nil {
			return err
		}
		if err := p.inbox.State.Ack(r.packet); err != nil {
			return err
		}
	}
	return p.write()
}

// write writes the packets that have gathered, as the library does.
func (p *period) write() error {
	if len(p.packets) == 0 {
		return nil
	}
	if shared, ok := p.conn.(sync.Locker); ok {
		shared.Lock()
		defer shared.Unlock()
	}
	_, err := p.conn.Write(p.packets)
	p.packets = p.packets[:0]
	return err
}

// wind ends a period that its owner is about to end: nothing is settled any more, and what was and could not be
// acknowledged yet is now, in its order. What it waited for is never acknowledged by this connection.
func (p *period) wind() {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.mu.Lock()
	p.over = true
	settled := slices.DeleteFunc(slices.Clone(p.receipts), func(r *receipt) bool { return !r.settled })
	p.mu.Unlock()
	_ = p.acknowledge(settled) // if it fails the connection does
}
