package connect

import (
	"context"
	"fmt"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/sentinel"
)

// Lease is one user's share in a client. The last one to be released closes the client.
type Lease[C any] struct {
	Client  C
	Options config.Values // of whoever the client was made for: the connection component, or the queue

	shared   *shared
	released sync.Once
}

// Release lets go of the client. Releasing again is a no-op.
func (l *Lease[C]) Release() { l.released.Do(l.shared.release) }

// Share returns another lease of the same client, for what belongs to its holder and may outlive it, such as
// the dead-letter queue of a queue. It returns nil if the client is closed already.
func (l *Lease[C]) Share() *Lease[C] {
	if !l.shared.use() {
		return nil
	}
	return &Lease[C]{Client: l.Client, Options: l.Options, shared: l.shared}
}

// shared counts the users of a client.
type shared struct {
	mu    sync.Mutex
	users int // 0: it is closed

	close    func()
	redactor Redactor
}

func (s *shared) use() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		return false
	}
	s.users++
	return true
}

func (s *shared) release() {
	s.mu.Lock()
	s.users--
	last := s.users == 0
	s.mu.Unlock()
	if last {
		s.close()
	}
}

// newLease makes a client and its first lease.
func newLease[C any](ctx context.Context, target Target, client Client[C]) (*Lease[C], error) {
	made, err := client.dial(ctx, target)
	if err != nil {
		return nil, err
	}
	return &Lease[C]{
		Client:  made,
		Options: target.Options,
		shared: &shared{
			users:    1,
			close:    func() { client.Close(made) },
			redactor: NewRedactor(target.Connections, target.Credential),
		},
	}, nil
}

// Acquire leases a client for a queue: the one of the connection component that the queue names under
// dependencies.connection (which connects if it has not yet), or, with a nil component, one for target and
// its family. Errors, of package queues: those of Dial, and ErrBadConfig for a component of another kind.
func Acquire[C any](ctx context.Context, target Target, component any, client Client[C]) (*Lease[C], error) {
	if component == nil {
		if lease := shareOf[C](target.Family); lease != nil {
			return lease, nil
		}
		lease, err := newLease(ctx, target, client)
		if err == nil {
			target.Family.keep(lease)
		}
		return lease, err
	}
	connection, ok := component.(interface{ connection() *Connection[C] })
	if !ok {
		return nil, fmt.Errorf("%w: dependencies.connection names a %T; this queue needs a connection of kind %s",
			sentinel.ErrBadConfig, component, client.Kind)
	}
	return connection.connection().acquire(ctx)
}
