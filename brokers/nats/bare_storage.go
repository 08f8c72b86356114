package nats

import (
	"context"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// bareStorage is a subject of core NATS.
type bareStorage struct {
	mu      sync.Mutex
	current *bareSession // nil while it is closed
}

// deliverFunc is what Subscribe gets.
type deliverFunc = func(ctx context.Context, message *queues.MessageEnvelope, count int, handle any) error

// bareSession is an open bareStorage, from Open to Close.
type bareSession struct {
	subject string
	group   string
	lease   *connect.Lease[*link]
	link    *link

	mu     sync.Mutex
	sub    *natsgo.Subscription
	closed chan struct{}      // when nothing more is delivered
	cancel context.CancelFunc // ends a delivery that waits for room
}

var _ interface {
	queues.PushStorage
	queues.OptionDescriber
} = (*bareStorage)(nil)

func newBareStorage() *bareStorage { return &bareStorage{} }

func (s *bareStorage) Traits() queues.Traits {
	traits := queues.Traits{AtMostOnce: true, Ordered: true, NeedsServer: true}
	if open, err := s.session(); err == nil {
		traits.MaxMessageSize = payloadLimit(open.link.conn.MaxPayload())
	}
	return traits
}

func (s *bareStorage) Options() []config.Option { return bareOptions() }

func (s *bareStorage) Open(ctx context.Context, params queues.StorageParams) error {
	opened := &bareSession{subject: params.Queue, group: alternative(params.Options, queueGroupKey, groupKey)}
	subjectIs := "queue's name"
	if subject := alternative(params.Options, subjectKey, topicKey); subject != "" {
		opened.subject, subjectIs = subject, subjectKey
	}
	if err := checkSubject(subjectIs, opened.subject); err != nil {
		return err
	}
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client(nil))
	if err != nil {
		return err
	}
	opened.lease, opened.link = lease, lease.Client
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = opened
	return nil
}

func (s *bareStorage) Close(ctx context.Context) error {
	s.mu.Lock()
	closed := s.current
	s.current = nil
	s.mu.Unlock()
	if closed != nil {
		closed.unsubscribe(ctx)
		closed.lease.Release()
	}
	return nil
}

func (s *bareStorage) session() (*bareSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, queues.ErrNotOpened
	}
	return s.current, nil
}

// Put returns when the server has the message; whether anybody else gets it nobody knows.
func (s *bareStorage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	published := encode(message, open.subject)
	if err := open.link.tooLarge(published); err != nil {
		return err
	}
	return open.flush(ctx, func() error { return open.link.conn.PublishMsg(published) })
}

// flush does something when there is a connection, and returns when the server knows of it.
func (s *bareSession) flush(ctx context.Context, action func() error) error {
	limited, cancel := s.link.limit(ctx)
	defer cancel()
	err := s.link.awaitConnected(limited)
	if err == nil {
		err = action()
	}
	if err == nil {
		err = s.link.conn.FlushWithContext(limited)
	}
	if err != nil {
		return s.link.failed(ctx, err)
	}
	return nil
}

// Subscribe delivers one message after the other. While the buffer is full messages wait in the client, and when
// there are too many there as well, they are dropped: it is at most once.
func (s *bareStorage) Subscribe(ctx context.Context, deliver deliverFunc) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.subscribe(ctx, deliver)
}

func (s *bareSession) subscribe(ctx context.Context, deliver deliverFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delivering, cancel := context.WithCancel(context.Background())
	closed := make(chan struct{})
	var sub *natsgo.Subscription
	err := s.flush(ctx, func() (err error) {
		sub, err = s.link.conn.QueueSubscribe(s.subject, s.group, func(message *natsgo.Msg) {
			if delivering.Err() != nil {
				return
			}
			envelope := new(queues.MessageEnvelope)
			decode(message, envelope)
			_ = deliver(delivering, envelope, 1, nil) // fails when nobody wants it any more
		})
		if err == nil {
			sub.SetClosedHandler(func(string) { close(closed) })
		}
		return err
	})
	if err != nil {
		cancel()
		if sub != nil {
			_ = sub.Unsubscribe()
		}
		return err
	}
	s.sub, s.cancel, s.closed = sub, cancel, closed
	return nil
}

// Unsubscribe returns when nothing more is delivered.
func (s *bareStorage) Unsubscribe(ctx context.Context) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	open.unsubscribe(ctx)
	return nil
}

// drainGrace is how long what has come already may take to get into the buffer.
const drainGrace = 250 * time.Millisecond

func (s *bareSession) unsubscribe(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sub == nil {
		return
	}
	if s.link.conn.IsConnected() && s.sub.Drain() == nil {
		timer := time.NewTimer(drainGrace)
		defer timer.Stop()
		select {
		case <-s.closed:
		case <-timer.C: // the buffer is full
		}
	}
	s.cancel()
	_ = s.sub.Unsubscribe() // it fails only when there is no connection or no subscription any more
	select {
	case <-s.closed:
	case <-ctx.Done():
	}
	s.sub = nil
}

// Acknowledge does nothing: the message is gone from the server since it was delivered.
func (s *bareStorage) Acknowledge(context.Context, any) error { return nil }
