package postgres

import (
	"context"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// maxMessageSize is the largest payload. The server takes a gigabyte in a column, but a row must be sent and
// dumped as text too, at twice its size, and is in its memory several times meanwhile.
const maxMessageSize = 256 << 20

// prefetchMax is how far a listener whose receivers are fast takes ahead: with the message that it works on next, as many
// as it completes in one step.
const prefetchMax = 255

// storage is a queue in a table.
type storage struct {
	dead string // the queue of the dead messages that Sibling was asked for; "" for none

	places places

	mu      sync.Mutex
	current *session // nil while closed
}

func newStorage() *storage { return &storage{} }

var _ interface {
	queues.Storage
	queues.BatchCompleter
	queues.LockExtender
	queues.Looker
	queues.Counter
	queues.StateCounter
	queues.Purger
	queues.BatchPutter
	queues.DelayedPutter
	queues.DelayedReleaser
	queues.SiblingMaker
	queues.Burier
	queues.OptionDescriber
} = (*storage)(nil)

// Traits never change: there is nothing that one server does and another does not.
func (st *storage) Traits() queues.Traits {
	return queues.Traits{
		Locks:          queues.LocksByBroker,
		Ordered:        true,
		Durable:        true,
		NeedsServer:    true,
		PrefetchMax:    prefetchMax,
		MaxMessageSize: maxMessageSize,
	}
}

func (st *storage) Options() []config.Option { return queueOptions() }

// Sibling makes the storage of the dead messages. It is the one that Bury moves them to.
func (st *storage) Sibling(name string) queues.Storage {
	st.dead = name
	return &storage{}
}

func (st *storage) Open(ctx context.Context, params queues.StorageParams) error {
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client())
	if err != nil {
		return err
	}
	t, err := namingOf(params.Options, lease.Options).prepare(ctx, lease.Client, params.Queue)
	if err != nil {
		lease.Release()
		return err
	}
	s := newSession(lease, t, params, &st.places)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.current = s
	return nil
}

func (st *storage) Close(ctx context.Context) error {
	st.mu.Lock()
	s := st.current
	st.current = nil
	st.mu.Unlock()
	if s != nil {
		s.close(ctx)
	}
	return nil
}

// join is the session that is open, with one more call in it that Close waits for; nil: there is none.
func (st *storage) join() *session {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.current != nil {
		st.current.calls.Add(1)
	}
	return st.current
}

// enter begins a call: its session, and a ctx that ends with the session, until leave.
func (st *storage) enter(ctx context.Context) (s *session, bound context.Context, leave func(), err error) {
	if s = st.join(); s == nil {
		return nil, nil, nil, queues.ErrNotOpened
	}
	bound, cancel := context.WithCancel(ctx)
	unbind := context.AfterFunc(s.work, cancel)
	return s, bound, func() {
		unbind()
		cancel()
		s.calls.Done()
	}, nil
}
