package rabbitmq

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// defaultPrefetch is how many messages a listener takes ahead. Fewer leave the connection idle between
// acknowledgement and the next message; many more are with one consumer while others have none.
const defaultPrefetch = 127

// storage is one queue of RabbitMQ, behind the interface of the core.
type storage struct {
	dead bool // it keeps the dead messages of another one

	mu      sync.Mutex
	current *session // nil while it is closed
}

// What this storage can do beyond what every storage must.
var _ interface {
	queues.Storage
	queues.Counter
	queues.Purger
	queues.BatchCompleter
	queues.DelayedPutter
	queues.DelayedReleaser
	queues.SiblingMaker
	queues.OriginalKeeper
	queues.OptionDescriber
} = (*storage)(nil)

func newStorage() *storage { return &storage{} }

func (st *storage) Options() []config.Option { return queueOptions() }

// Sibling returns the storage of the dead-letter queue.
func (st *storage) Sibling(string) queues.Storage { return &storage{dead: true} }

func (st *storage) Traits() queues.Traits {
	traits := queues.Traits{
		Locks:          queues.LocksByBase,
		Durable:        true,
		NeedsServer:    true,
		Prefetch:       defaultPrefetch,
		MaxMessageSize: longestMessage,
	}
	if s := st.session(); s != nil {
		traits.Durable = s.settings.isDurable()
		if s.settings.noQueue {
			traits.Without = []queues.Capability{
				queues.CapabilityReceive, queues.CapabilityMessageCount, queues.CapabilityClear, queues.CapabilityAbandon,
				queues.CapabilityRenewLock, queues.CapabilityDeadLetter, queues.CapabilityDelay,
			}
		}
	}
	return traits
}

func (st *storage) Open(ctx context.Context, params queues.StorageParams) error {
	settings, err := settingsOf(params.Queue, params.Options, st.dead)
	if err != nil {
		return err
	}
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client())
	if err != nil {
		return err
	}
	s := newSession(lease, settings, params.Void)
	if err := s.topology.ensure(ctx); err != nil {
		s.close(ctx)
		return err
	}
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

func (st *storage) session() *session {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.current
}

// enter begins a call; it ends with s.calls.Done.
func (st *storage) enter() (*session, error) {
	if s := st.session(); s != nil && s.begin() {
		return s, nil
	}
	return nil, queues.ErrNotOpened
}

// session is what one Open has made. Its methods are called between begin and calls.Done.
type session struct {
	lease    *connect.Lease[*link]
	link     *link
	settings settings
	void     func(match func(handle any) bool)
	topology *topology

	opening         chan struct{} // takes the token of who opens the shared publisher
	sharedPublisher atomic.Pointer[publisher]
	delays          delays
	returner        returner
	requeued        atomic.Int64 // when a message was put back that the server may not count yet; nanoseconds of Unix time, 0: none
	lanes           *lanes
	counter         counter
	listening       subscriptions

	mu      sync.Mutex
	closed  bool
	closing chan struct{} // closed when waiting calls must return
	calls   sync.WaitGroup

	watchers sync.WaitGroup // of lanes, until these are closed
}

func newSession(lease *connect.Lease[*link], settings settings, void func(match func(handle any) bool)) *session {
	s := &session{
		lease:    lease,
		link:     lease.Client,
		settings: settings,
		void:     void,
		opening:  make(chan struct{}, 1),
		closing:  make(chan struct{}),
	}
	s.topology = newTopology(s)
	s.delays.session = s
	s.returner.session, s.returner.free = s, make(chan struct{})
	s.lanes = newLanes(s)
	s.counter.session, s.counter.surplus = s, make(chan struct{}, 1)
	s.listening.session = s
	return s
}

// begin notes a call that close must wait for. It reports false when the session is closed.
func (s *session) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.calls.Add(1)
	return true
}

// close lets calls come to their end, and gives back what was taken and handed to nobody, as long as ctx
// lives. What is on its way then comes again.
func (s *session) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.calls.Add(1) // keeps the count above zero for what follows
	s.mu.Unlock()
	close(s.closing)
	s.counter.close()
	s.listening.stopAll()
	s.calls.Done()

	wait(ctx, s.calls.Wait)
	s.returner.giveUp()
	wait(ctx, s.closeChannels)
	s.lease.Release() // the last one hangs up, which ends every exchange with the server
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	wait(limit, s.calls.Wait)
	wait(limit, s.watchers.Wait)
}

// closeChannels has the server put back what was delivered on them and not settled.
func (s *session) closeChannels() {
	s.lanes.close()
	if p := s.sharedPublisher.Load(); p != nil {
		_ = p.ch.Close()
	}
}

// wait calls f and returns when it is through, or when ctx ends.
func wait(ctx context.Context, f func()) {
	through := make(chan struct{})
	go func() {
		f()
		close(through)
	}()
	select {
	case <-through:
	case <-ctx.Done():
	}
}
