package nats

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// storage keeps a queue in JetStream: see blueprint for what is on the server. The lock of a taken message is the
// server's, for its ack wait; heldSet keeps it up, so that the base can end it at any time.
type storage struct {
	parent *storage // of the queue whose dead letters these are; nil for others

	current atomic.Pointer[session] // nil while it is closed
}

var _ interface {
	queues.Storage
	queues.Looker
	queues.Counter
	queues.StateCounter
	queues.Purger
	queues.BatchCompleter
	queues.BatchPutter
	queues.DelayedPutter
	queues.DelayedReleaser
	queues.SiblingMaker
	queues.OptionDescriber
} = (*storage)(nil)

func newStorage() *storage { return &storage{} }

// defaultPrefetch is how many messages a listener asks for at a time beside the one it needs.
const defaultPrefetch = 255

// headerRoom is kept of the largest message that the server takes for what travels beside the payload.
const headerRoom = 1024

// payloadLimit is how large a payload may be; 0 if there is nothing to go by.
func payloadLimit(limits ...int64) int {
	smallest := int64(0)
	for _, limit := range limits {
		if limit > headerRoom && (smallest == 0 || limit < smallest) {
			smallest = limit
		}
	}
	return int(max(0, smallest-headerRoom))
}

func (s *storage) Traits() queues.Traits {
	if open, err := s.session(); err == nil {
		return open.traits
	}
	return queues.Traits{Locks: queues.LocksByBase, Durable: true, NeedsServer: true, Prefetch: defaultPrefetch}
}

func (s *storage) Options() []config.Option { return queueOptions() }

func (s *storage) Sibling(string) queues.Storage { return &storage{parent: s} }

func (s *storage) Open(ctx context.Context, params queues.StorageParams) error {
	plan, err := newBlueprint(params.Queue, s.parent != nil, params.Options)
	if err != nil {
		return err
	}
	plan.lockTimeout, plan.maxMessages = params.LockTimeout, params.MaxMessages
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client(nil))
	if err != nil {
		return err
	}
	opened, err := openSession(ctx, lease, plan, params)
	if err != nil {
		lease.Release()
		return err
	}
	s.current.Store(opened)
	return nil
}

func (s *storage) Close(context.Context) error {
	if closed := s.current.Swap(nil); closed != nil {
		closed.close()
	}
	return nil
}

// session returns the one that is open.
func (s *storage) session() (*session, error) {
	if open := s.current.Load(); open != nil {
		return open, nil
	}
	return nil, queues.ErrNotOpened
}

func (s *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.Put(ctx, message)
}

func (s *storage) PutBatch(ctx context.Context, messages []*queues.MessageEnvelope) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.PutBatch(ctx, messages)
}

func (s *storage) PutDelayed(ctx context.Context, message *queues.MessageEnvelope, delay time.Duration) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.PutDelayed(ctx, message, delay)
}

func (s *storage) Take(ctx context.Context, dst []queues.Delivery, wait bool) (int, error) {
	open, err := s.session()
	if err != nil {
		return 0, err
	}
	return open.Take(ctx, dst, wait)
}

func (s *storage) Complete(ctx context.Context, handle any) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.Complete(ctx, handle.(*held))
}

func (s *storage) CompleteBatch(ctx context.Context, handles []any) []error {
	open, err := s.session()
	if err != nil {
		return slices.Repeat([]error{err}, len(handles))
	}
	return open.CompleteBatch(ctx, handles)
}

func (s *storage) Release(ctx context.Context, handle any, counted bool) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.Release(ctx, handle.(*held), counted)
}

func (s *storage) ReleaseDelayed(ctx context.Context, handle any, delay time.Duration) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.ReleaseDelayed(ctx, handle.(*held), delay)
}

func (s *storage) Look(ctx context.Context, max int) ([]*queues.MessageEnvelope, error) {
	open, err := s.session()
	if err != nil {
		return nil, err
	}
	return open.Look(ctx, max)
}

func (s *storage) Count(ctx context.Context) (int64, error) {
	open, err := s.session()
	if err != nil {
		return 0, err
	}
	return open.Count(ctx)
}

func (s *storage) CountByState(ctx context.Context) (ready, locked, delayed int64, err error) {
	open, err := s.session()
	if err != nil {
		return 0, 0, 0, err
	}
	return open.CountByState(ctx)
}

func (s *storage) Purge(ctx context.Context) error {
	open, err := s.session()
	if err != nil {
		return err
	}
	return open.Purge(ctx)
}
