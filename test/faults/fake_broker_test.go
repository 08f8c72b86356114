package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"sync"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// broker is a small one in this process, which queues reach over loopback, also from other processes.
// What it has confirmed outlives Kill, unless it is told to misbehave.
type broker struct {
	address string

	loseAtKill     bool // Kill loses what is not completed
	keepOfDead     bool // what a lost connection had taken stays with it
	ignoreReleases bool // what is given back is gone
	repeat         bool // a completed message comes again
	damage         bool // payloads come out shortened
	neverRecover   bool // Start does not start

	mu       sync.Mutex
	listener net.Listener // nil while it is down
	sessions map[*session]struct{}
	ready    []Stored
	serving  sync.WaitGroup
}

// Stored is a message as it travels.
type Stored struct {
	Id      string
	Payload []byte
	Count   int
	Number  int64 // of the message, or, when it is taken, of the delivery
}

// session is one connection; its methods are what net/rpc calls.
type session struct {
	broker *broker
	conn   net.Conn
	taken  map[int64]Stored
	number int64
	over   bool
}

func startBroker(t *testing.T) *broker {
	b := &broker{address: "127.0.0.1:0", sessions: map[*session]struct{}{}}
	require.NoError(t, b.Start())
	t.Cleanup(func() { require.NoError(t, b.Kill()) })
	return b
}

func (b *broker) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.neverRecover && b.address != "127.0.0.1:0" {
		return nil
	}
	listener, err := net.Listen("tcp", b.address)
	if err != nil {
		return err
	}
	b.listener, b.address = listener, listener.Addr().String()
	b.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.serving.Go(func() { b.serve(conn) })
		}
	})
	return nil
}

func (b *broker) Kill() error {
	b.mu.Lock()
	if b.listener != nil {
		_ = b.listener.Close()
		b.listener = nil
	}
	for s := range b.sessions {
		_ = s.conn.Close()
	}
	b.mu.Unlock()
	b.serving.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loseAtKill {
		b.ready = nil
	}
	return nil
}

func (b *broker) serve(conn net.Conn) {
	s := &session{broker: b, conn: conn, taken: map[int64]Stored{}}
	b.mu.Lock()
	if b.listener == nil { // killed between the accepting and now
		_ = conn.Close()
	}
	b.sessions[s] = struct{}{}
	b.mu.Unlock()
	server := rpc.NewServer()
	_ = server.RegisterName("Broker", s)
	server.ServeConn(conn)
	b.mu.Lock()
	defer b.mu.Unlock()
	s.over = true
	delete(b.sessions, s)
	for _, m := range s.taken {
		if !b.keepOfDead {
			b.ready = append([]Stored{m}, b.ready...)
		}
	}
}

// Put stores a message.
func (s *session) Put(m Stored, _ *struct{}) error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	if s.over {
		return errors.New("connection lost")
	}
	s.broker.ready = append(s.broker.ready, m)
	return nil
}

// Take hands out a few messages; none after a while with none.
func (s *session) Take(most int, taken *[]Stored) error {
	for range 20 {
		if done, err := s.takeNow(most, taken); done || err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (s *session) takeNow(most int, taken *[]Stored) (bool, error) {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.over {
		return false, errors.New("connection lost")
	}
	n := min(most, len(b.ready))
	for _, m := range b.ready[:n] {
		s.number++
		m.Count++
		m.Number = s.number
		s.taken[m.Number] = m
		if b.damage {
			m.Payload = m.Payload[1:]
		}
		*taken = append(*taken, m)
	}
	b.ready = b.ready[n:]
	return n > 0, nil
}

// Complete removes a taken message.
func (s *session) Complete(number int64, _ *struct{}) error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	m, ok := s.taken[number]
	if s.over || !ok {
		return errors.New("connection lost")
	}
	delete(s.taken, number)
	if s.broker.repeat {
		s.broker.ready = append(s.broker.ready, m)
	}
	return nil
}

// Release makes a taken message ready.
func (s *session) Release(number int64, _ *struct{}) error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	m, ok := s.taken[number]
	if s.over || !ok {
		return errors.New("connection lost")
	}
	delete(s.taken, number)
	if !s.broker.ignoreReleases {
		s.broker.ready = append([]Stored{m}, s.broker.ready...)
	}
	return nil
}

// handle is of a delivery: the connection that it came by, and its number there.
type handle struct {
	client *rpc.Client
	number int64
}

// storage is a queue's side of a broker.
type storage struct {
	params queues.StorageParams

	mu     sync.Mutex
	client *rpc.Client // nil while there is no connection
	closed bool
}

// newQueue makes a queue on the broker that fake.address of params names.
func newQueue(name string, params *cconf.ConfigParams) queues.IMessageQueue {
	q := queues.InheritMessageQueueWithStorage(nil, name, &storage{})
	q.Configure(context.Background(), params)
	return q
}

func (s *storage) Traits() queues.Traits { return queues.Traits{Durable: true, Prefetch: 8} }

func (s *storage) Open(_ context.Context, params queues.StorageParams) error {
	s.mu.Lock()
	s.params, s.closed = params, false
	s.mu.Unlock()
	_, err := s.connect()
	return err
}

func (s *storage) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.client != nil {
		_ = s.client.Close()
		s.client = nil
	}
	return nil
}

func (s *storage) connect() (*rpc.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	if s.closed {
		return nil, queues.ErrNotOpened
	}
	client, err := rpc.Dial("tcp", s.params.Config.GetAsString("fake.address"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
	}
	s.client = client
	return client, nil
}

// lost drops a connection and all that was taken by it.
func (s *storage) lost(client *rpc.Client) {
	s.mu.Lock()
	if s.client == client {
		s.client = nil
	}
	void := s.params.Void
	s.mu.Unlock()
	_ = client.Close()
	go void(func(h any) bool { return h.(handle).client == client })
}

func (s *storage) call(client *rpc.Client, method string, args, reply any) error {
	if err := client.Call("Broker."+method, args, reply); err != nil {
		s.lost(client)
		return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
	}
	return nil
}

func (s *storage) Put(_ context.Context, m *queues.MessageEnvelope) error {
	client, err := s.connect()
	if err != nil {
		return err
	}
	return s.call(client, "Put", Stored{Id: m.MessageId, Payload: m.Message}, &struct{}{})
}

func (s *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	for {
		client, err := s.connect()
		if err != nil {
			return 0, err
		}
		var taken []Stored
		if err := s.call(client, "Take", len(dst), &taken); err != nil {
			return 0, err
		}
		for i, m := range taken {
			if ctx.Err() != nil {
				_ = s.Release(ctx, handle{client, m.Number}, false)
				continue
			}
			dst[i].Message.MessageId, dst[i].Message.Message = m.Id, m.Payload
			dst[i].Count, dst[i].Handle = m.Count, handle{client, m.Number}
		}
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case len(taken) > 0 || !wait:
			return len(taken), nil
		}
	}
}

func (s *storage) Complete(_ context.Context, h any) error {
	return s.call(h.(handle).client, "Complete", h.(handle).number, &struct{}{})
}

func (s *storage) Release(_ context.Context, h any, _ bool) error {
	return s.call(h.(handle).client, "Release", h.(handle).number, &struct{}{})
}
