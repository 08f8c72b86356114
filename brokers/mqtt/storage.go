package mqtt

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// deliverFunc stores a message in the buffer. See queues.PushStorage.
type deliverFunc func(ctx context.Context, message *queues.MessageEnvelope, count int, handle any) error

// storage is a queue on an MQTT server.
type storage struct {
	source *storage // whose dead messages it keeps; nil for none

	mu     sync.Mutex
	opened *opened // nil while closed
	traits *queues.Traits
}

// opened is what Open has made.
type opened struct {
	plan  plan
	lease *connect.Lease[*link]
	link  *link
	void  func(match func(handle any) bool)

	creating sync.Mutex   // one call at a time makes sessions that turn out to be missing
	made     atomic.Int64 // how often that was done

	mu       sync.Mutex
	closed   bool
	attended *attendance // nil while not subscribed
	live     *attachment // instead of it with quality of service 0
}

var _ interface {
	queues.PushStorage
	queues.PushSiblingMaker
	queues.PushFlusher
	queues.OptionDescriber
} = (*storage)(nil)

func (s *storage) Options() []config.Option { return queueOptions() }

func (s *storage) Sibling(string) queues.PushStorage { return &storage{source: s} }

func (s *storage) Traits() queues.Traits {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.traits != nil {
		return *s.traits
	}
	return queues.Traits{Ordered: true, Durable: true, NeedsServer: true}
}

func (s *storage) Open(ctx context.Context, params queues.StorageParams) error {
	p, err := newPlan(params.Queue, params.Options, s.source != nil)
	if err != nil {
		return err
	}
	lease, err := connect.Acquire(ctx, params.Target(), params.Connection, client())
	if err != nil {
		return err
	}
	o := &opened{plan: p, lease: lease, link: lease.Client, void: params.Void}
	if err := o.prepare(ctx, params.Options.Bool(keyAutoCreate)); err != nil {
		lease.Release()
		return err
	}
	traits := o.plan.traits()
	traits.MaxMessageSize = o.link.serverLimits().packet // what travels beside the payload counts too; see link.publish
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened, s.traits = o, &traits
	return nil
}

// prepare makes or finds what the queue needs on the server.
func (o *opened) prepare(ctx context.Context, create bool) error {
	if err := o.link.serverLimits().allow(&o.plan); err != nil || o.plan.qos == 0 {
		return err
	}
	return o.link.ensure(ctx, &o.plan, create)
}

func (s *storage) Close(ctx context.Context) error {
	s.mu.Lock()
	o := s.opened
	s.opened = nil
	s.mu.Unlock()
	if o == nil {
		return nil
	}
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.unsubscribe(ctx)
	o.lease.Release()
	return nil
}

// current returns what Open has made; ErrNotOpened if it is closed.
func (s *storage) current() (*opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		return nil, queues.ErrNotOpened
	}
	return s.opened, nil
}

func (s *storage) Put(ctx context.Context, message *queues.MessageEnvelope) error {
	o, err := s.current()
	if err != nil {
		return err
	}
	return o.put(ctx, message)
}

func (o *opened) put(ctx context.Context, envelope *queues.MessageEnvelope) error {
	topic := o.plan.topic
	if o.plan.isWildcard() {
		var err error
		if topic, envelope, err = o.readdress(envelope); err != nil {
			return err
		}
	}
	message, err := o.plan.format.encode(envelope, topic, o.plan.qos, o.plan.retain)
	if err != nil {
		return err
	}
	seen := o.made.Load()
	matched, err := o.publish(ctx, message)
	if matched || err != nil || o.plan.qos == 0 {
		return err
	}
	return o.putAgain(ctx, message, seen)
}

// publish sends a message, which is saved when it returns if that is asked for. See link.publish.
func (o *opened) publish(ctx context.Context, message *paho.Publish) (matched bool, err error) {
	if o.plan.waitForSave && o.plan.qos > 0 {
		return o.link.publishSaved(ctx, message)
	}
	return o.link.publish(ctx, message)
}

// putAgain publishes a message that the server has thrown away because the queue's sessions are gone: it was
// restored from an old copy, or somebody has ended them. Who is connected makes them anew at once;
// if nobody does they are made here.
func (o *opened) putAgain(ctx context.Context, message *paho.Publish, seen int64) error {
	pause := time.NewTimer(o.link.server.pause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	matched, err := o.publish(ctx, message)
	if matched || err != nil {
		return err
	}
	if err := o.recreate(ctx, seen); err != nil {
		return err
	}
	matched, err = o.publish(ctx, message)
	if err == nil && !matched {
		err = fmt.Errorf("%w to topic %q: the message was thrown away", ErrNoSubscribers, message.Topic)
	}
	return err
}

// readdress returns where a message for a queue of several topics goes: back to where it has come from.
func (o *opened) readdress(envelope *queues.MessageEnvelope) (topic string, copied *queues.MessageEnvelope, err error) {
	topic = envelope.Headers[HeaderTopic]
	if checkTopic(topic) != nil || isWildcard(topic) || !matches(o.plan.topic, topic) {
		return "", nil, fmt.Errorf("%w: sending to topic %q, which has a wildcard; send to a queue with a topic of its own, or set the header %q to a topic that it stands for",
			queues.ErrNotSupported, o.plan.topic, HeaderTopic)
	}
	copied = envelope.Clone()
	delete(copied.Headers, HeaderTopic)
	return topic, copied, nil
}

// recreate makes the sessions anew, unless another call has since they were seen last.
func (o *opened) recreate(ctx context.Context, seen int64) error {
	o.creating.Lock()
	defer o.creating.Unlock()
	if o.made.Load() != seen {
		return nil
	}
	if err := o.link.make(ctx, &o.plan, ""); err != nil {
		return err
	}
	o.made.Add(1)
	return nil
}

func (s *storage) Subscribe(ctx context.Context, deliver func(ctx context.Context, message *queues.MessageEnvelope, count int, handle any) error) error {
	o, err := s.current()
	if err != nil {
		return err
	}
	return connect.Within(ctx, o.link.server.patience, func(ctx context.Context) error {
		return o.subscribe(ctx, deliver)
	})
}

func (o *opened) subscribe(ctx context.Context, deliver deliverFunc) error {
	give := func(ctx context.Context, message *paho.Publish, r *receipt) {
		envelope := o.plan.format.decode(message)
		if o.plan.isWildcard() {
			setHeader(envelope, HeaderTopic, message.Topic)
		}
		_ = deliver(ctx, envelope, 1, r) // if it fails it is the server's still
	}
	if o.plan.qos == 0 {
		return o.subscribeLive(ctx, give)
	}
	o.mu.Lock()
	attended := o.attended
	o.mu.Unlock()
	if attended == nil {
		attended = &attendance{link: o.link, plan: &o.plan, deliver: give, lost: o.forget}
		if err := attend(ctx, attended); err != nil {
			return err
		}
		if !o.keep(func() { o.attended = attended }) {
			attended.leave(context.WithoutCancel(ctx))
			return queues.ErrNotOpened
		}
	}
	// When ctx ends, the next call goes on waiting for the same.
	err := attended.await(ctx)
	if err != nil && ctx.Err() == nil {
		o.unsubscribe(context.WithoutCancel(ctx))
	}
	return err
}

// subscribeLive subscribes without a session that lasts.
func (o *opened) subscribeLive(ctx context.Context, give func(ctx context.Context, message *paho.Publish, r *receipt)) error {
	live, err := o.link.attach(ctx, &o.plan, 0, attachOptions{
		receiveMaximum: o.plan.receiveMaximum,
		deliver:        give,
		keep:           func() bool { return true },
	})
	if err != nil {
		return err
	}
	if !o.keep(func() { o.live = live }) {
		live.detach(context.WithoutCancel(ctx))
		return queues.ErrNotOpened
	}
	return nil
}

// keep calls note unless the storage was closed meanwhile.
func (o *opened) keep(note func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		note()
	}
	return !o.closed
}

// forget tells the base what is the server's again.
func (o *opened) forget(over *period) {
	o.void(func(handle any) bool { return handle.(*receipt).period == over })
}

// Unsubscribe disconnects from the sessions, which stay, with what was not settled.
func (s *storage) Unsubscribe(ctx context.Context) error {
	o, err := s.current()
	if err != nil {
		return err
	}
	o.unsubscribe(ctx)
	return nil
}

func (o *opened) unsubscribe(ctx context.Context) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), hurriedGrace)
		defer cancel()
	}
	o.mu.Lock()
	attended, live := o.attended, o.live
	o.attended, o.live = nil, nil
	o.mu.Unlock()
	if attended != nil {
		attended.leave(ctx)
	}
	if live != nil {
		live.detach(ctx)
	}
}

func (s *storage) Acknowledge(_ context.Context, handle any) error {
	r := handle.(*receipt)
	return r.period.settle(r)
}

func (s *storage) Flush(ctx context.Context) error {
	o, err := s.current()
	if err != nil {
		return err
	}
	o.mu.Lock()
	attended, live := o.attended, o.live
	o.mu.Unlock()
	switch {
	case attended != nil:
		return attended.flush(ctx)
	case live != nil:
		return live.flush(ctx)
	default:
		return nil
	}
}
