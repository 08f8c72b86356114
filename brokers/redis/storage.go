package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// storage is a queue in a stream of Redis.
type storage struct {
	mu      sync.Mutex
	current *session       // nil while closed
	traits  *queues.Traits // of the last Open; nil before
	dead    string         // what Sibling was asked for
}

// What this storage can do beyond what every storage must.
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

func newStorage() *storage { return &storage{} }

func (st *storage) Options() []config.Option { return queueOptions() }

func (st *storage) Traits() queues.Traits {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.traits != nil {
		return *st.traits
	}
	return queues.Traits{Locks: queues.LocksByBroker, Ordered: true, Durable: true, NeedsServer: true}
}

// traitsOn says what a queue is like on the server that was found.
func traitsOn(found server, options config.Values) *queues.Traits {
	traits := &queues.Traits{
		Locks:          queues.LocksByBroker,
		Ordered:        true,
		Durable:        found.durable,
		NeedsServer:    true,
		PrefetchMax:    mostTaken - 1, // with the one that is worked on next, as many as one script takes
		MaxMessageSize: found.maxString,
	}
	if options.IsSet(optionDurable) {
		traits.Durable = options.Bool(optionDurable)
	}
	// A listener that works on one message at a time should not keep others from those that have time.
	if concurrency := options.Int(config.ListenConcurrency); concurrency > 1 {
		traits.Prefetch = min(2*concurrency, mostTaken/2)
	}
	return traits
}

// Sibling returns the storage of the dead-letter queue.
func (st *storage) Sibling(name string) queues.Storage {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.dead = name
	return &storage{}
}

func (st *storage) Open(ctx context.Context, params queues.StorageParams) error {
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client())
	if err != nil {
		return err
	}
	prefix := lease.Options.String(optionKeyPrefix) // that of the connection component, or the queue's own
	if params.Options.IsSet(optionKeyPrefix) {
		prefix = params.Options.String(optionKeyPrefix)
	}
	names, err := keysOf(prefix, params.Queue)
	if err != nil {
		lease.Release()
		return err
	}
	group := params.Options.String(optionGroup)
	if err := prepare(ctx, lease.Client, names, group, params); err != nil {
		lease.Release()
		return err
	}
	s := newSession(lease, prefix, names, group, params)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.current, st.traits = s, traitsOn(lease.Client.server, params.Options)
	return nil
}

// prepare makes or checks the stream and its group.
func prepare(ctx context.Context, l *link, names keys, group string, params queues.StorageParams) error {
	if params.Options.Bool(optionAutoCreate) {
		if err := createGroup(ctx, l, names.stream(), group); err != nil {
			return fmt.Errorf("making the stream %s: %w", names.stream(), failure(ctx, err))
		}
		return nil
	}
	exists, err := hasGroup(ctx, l, names.stream(), group)
	if err != nil {
		return fmt.Errorf("looking for the stream %s: %w", names.stream(), failure(ctx, err))
	}
	if !exists {
		return fmt.Errorf("%w: there is no queue %q (a stream %s with the group %s); set %s: true, or make it with CreateQueue of a connection component",
			queues.ErrBadConfig, params.Queue, names.stream(), group, optionAutoCreate)
	}
	return nil
}

func (st *storage) Close(ctx context.Context) error {
	st.mu.Lock()
	s := st.current
	st.current = nil
	st.mu.Unlock()
	if s != nil {
		s.close()
	}
	return nil
}

// enter begins a call; s.calls.Done() ends it.
func (st *storage) enter() (*session, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.current == nil {
		return nil, queues.ErrNotOpened
	}
	st.current.calls.Add(1)
	return st.current, nil
}

// mostTogether is how many callers a script serves at most, mostSizeTogether up to which size of messages.
const (
	mostTogether     = 128
	mostSizeTogether = 1 << 20
)

// session is what one Open has made. Its methods are called between enter and calls.Done.
type session struct {
	lease  *connect.Lease[*link]
	link   *link
	keys   keys
	prefix string
	group  string

	lockTimeout    time.Duration
	settlePatience time.Duration
	limit          int  // of messages; 0: none
	reject         bool // what is over the limit

	closing chan struct{} // closed when nobody enters any more
	calls   sync.WaitGroup
	ended   chan struct{} // closed when the last call is through
	workers sync.WaitGroup

	puts      queues.GroupCommit[putting]
	completes queues.GroupCommit[completing]
	asks      queues.GroupCommit[asking]
	taker     *taker
	room      *room
}

func newSession(lease *connect.Lease[*link], prefix string, names keys, group string, params queues.StorageParams) *session {
	s := &session{
		lease:          lease,
		link:           lease.Client,
		keys:           names,
		prefix:         prefix,
		group:          group,
		lockTimeout:    params.LockTimeout,
		settlePatience: lease.Options.Duration(config.ConnectTimeout),
		limit:          params.MaxMessages,
		reject:         params.RejectWhenFull,
		closing:        make(chan struct{}),
		ended:          make(chan struct{}),
	}
	s.puts = queues.GroupCommit[putting]{
		Commit: s.performPuts, MaxCalls: mostTogether, MaxSize: mostSizeTogether, Size: putting.total, Linger: true,
	}
	s.completes = queues.GroupCommit[completing]{Commit: s.performCompletes, MaxCalls: mostTogether}
	s.asks = queues.GroupCommit[asking]{Commit: s.performAsks, MaxCalls: 1, Workers: askers}
	s.taker = newTaker(s)
	s.room = newRoom(s)
	return s
}

// close waits for the calls that run; those that wait for messages or room end at once.
func (s *session) close() {
	close(s.closing)
	s.calls.Wait()
	s.puts.Close()
	s.completes.Close()
	s.asks.Close()
	close(s.ended)
	s.workers.Wait()
	s.taker.watcher.close()
	s.room.watcher.close()
	s.lease.Release()
}

// run runs a script that several callers share, whose ctx may end without it. The client ends it after
// options.request_timeout.
func (s *session) run(script script, arguments ...any) (any, error) {
	return s.link.run(context.Background(), script, s.keys, arguments...)
}

// fail says what was being done when err happened.
func fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, failure(ctx, err))
}

// longest is what times are cut to: what comes later does not matter, and must not overflow.
const longest = 100 * 365 * 24 * time.Hour

// milliseconds are whole, at least 1, and not less than d.
func milliseconds(d time.Duration) int64 {
	return max(1, (min(d, longest) + time.Millisecond - 1).Milliseconds())
}

// unexpected is the error for an answer of a shape that a script does not give.
func unexpected(doing string, answer any) error {
	return fmt.Errorf("%s: the server answers with an unexpected %T", doing, answer)
}
