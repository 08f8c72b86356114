package nats

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// session is an open storage, from Open to Close. A call that outlasts Close has nothing to do with the next one.
type session struct {
	plan           *blueprint
	create         bool
	full           bool // Put over the limit fails instead of waiting
	lease          *connect.Lease[*link]
	link           *link
	stream         jetstream.Stream
	confirms       []byte // what its answers to messages begin with
	consumer       jetstream.Consumer
	puller         *puller
	mover          *mover // nil where the server does its work
	held           *heldSet
	later          *laterSet
	keepsUncounted bool
	traits         queues.Traits

	ending context.Context // of the session
	end    context.CancelFunc
	tasks  sync.WaitGroup

	repairing sync.Mutex
	repaired  time.Time
}

func openSession(ctx context.Context, lease *connect.Lease[*link], plan *blueprint, params queues.StorageParams) (*session, error) {
	s := &session{
		plan:   plan,
		create: params.Options.Bool(autoCreateKey),
		full:   params.RejectWhenFull,
		lease:  lease,
		link:   lease.Client,
		later:  newLaterSet(),
	}
	var err error
	if s.stream, s.consumer, err = plan.build(ctx, s.link.js, s.create); err != nil {
		return nil, explainBuilding(ctx, err)
	}
	cfg := s.stream.CachedInfo().Config
	s.confirms = fmt.Appendf(nil, `{"stream":%q,`, plan.stream)
	s.keepsUncounted = coversAny(cfg.Subjects, plan.subject+besideSuffix)
	if s.create && s.keepsUncounted && plan.needsMover(cfg) {
		if s.mover, err = newMover(ctx, s); err != nil {
			return nil, explainBuilding(ctx, err)
		}
	}
	s.learn(cfg)
	s.puller = newPuller(s.link, plan.stream, plan.consumer, s.giveBack)
	s.held = newHeldSet(s.link, s.consumer.CachedInfo().Config.AckWait, params.Void)
	s.ending, s.end = context.WithCancel(context.Background())
	if err := s.answerPeers(s.ending); err != nil {
		s.end()
		return nil, s.link.failed(ctx, err)
	}
	s.tasks.Go(func() { s.held.run(s.ending) })
	s.tasks.Go(func() { s.puller.run(s.ending) })
	s.tasks.Go(func() { s.watch(s.ending) })
	if s.mover != nil {
		s.tasks.Go(func() { s.mover.puller.run(s.ending) })
		s.tasks.Go(func() { s.mover.run(s.ending) })
	}
	return s, nil
}

// learn derives from the stream what the queue can do.
func (s *session) learn(cfg jetstream.StreamConfig) {
	traits := queues.Traits{
		Locks:       queues.LocksByBase,
		Durable:     cfg.Storage == jetstream.FileStorage,
		NeedsServer: true,
		Prefetch:    defaultPrefetch,

		MaxMessageSize: payloadLimit(s.link.conn.MaxPayload(), int64(cfg.MaxMsgSize)),
	}
	if s.mover == nil && !(cfg.AllowMsgSchedules && s.keepsUncounted) {
		traits.Without = append(traits.Without, queues.CapabilityDelay)
	}
	if !cfg.AllowAtomicPublish {
		traits.Without = append(traits.Without, queues.CapabilityBatch)
	}
	s.traits = traits
}

// close ends what is under way, and lets go of the connection.
func (s *session) close() {
	s.end()
	s.tasks.Wait()
	s.puller.close()
	if s.mover != nil {
		s.mover.puller.close()
	}
	s.lease.Release()
}

// bind makes a ctx that ends also when the session does, until free.
func (s *session) bind(ctx context.Context) (bound context.Context, free func()) {
	bound, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ending, cancel)
	return bound, func() {
		stop()
		cancel()
	}
}

// failed says what became of a call with ctx.
func (s *session) failed(ctx context.Context, err error) error {
	if ctx.Err() == nil && s.ending.Err() != nil {
		return queues.ErrNotOpened
	}
	return s.link.failed(ctx, err)
}

// pause waits for that long, as long as the session lasts.
func (s *session) pause(ctx context.Context, delay time.Duration) error {
	bound, free := s.bind(ctx)
	defer free()
	if err := pause(bound, delay); err != nil {
		return s.failed(ctx, err)
	}
	return nil
}

// watch finds out, when the connection is there again, which deliveries the server has forgotten: one that was killed
// may not have written down the last ones. It delivers those messages anew, and does not answer to acks until then.
func (s *session) watch(ctx context.Context) {
	for connection := s.link.connection(); ; {
		change := s.link.change()
		if !s.link.isStill(connection) {
			if s.link.awaitConnected(ctx) != nil {
				return // the queue is closed, or the connection for good
			}
			connection = s.link.connection()
			now := time.Now()
			if info, err := s.info(ctx); err == nil {
				s.held.forget(info.Delivered.Stream, now)
			}
			continue
		}
		select {
		case <-change:
		case <-ctx.Done():
			return
		}
	}
}
