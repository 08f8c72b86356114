package queues

import (
	"context"
	"sync"
	"sync/atomic"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	ccount "github.com/pip-services3-gox/pip-services3-components-gox/count"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// MessageQueue is the base of every queue, and holds all policy. A queue embeds *MessageQueue in one
// of two ways:
//
//   - Over a [Storage], with InheritMessageQueueWithStorage: the base does everything.
//   - On its own, with InheritMessageQueue, as queues written against messaging-gox 1.0 do: it supplies
//     OpenWithParams, Send, Receive and whatever else it can; the base supplies the rest from these,
//     and ErrNotSupported for what cannot be had.
//
// Configuration parameters: name, queue, options.* (see docs/options.md), connection(s).*,
// credential(s).*, dependencies.connection. References: *:logger, *:counters, *:tracer, *:discovery,
// *:credential-store, and *:message-queue for options.dead_letter_queue; all optional.
type MessageQueue struct {
	Overrides          IMessageQueueOverrides
	Logger             *clog.CompositeLogger
	Counters           *ccount.CompositeCounters
	ConnectionResolver *cconn.ConnectionResolver
	CredentialResolver *cauth.CredentialResolver
	Lock               sync.Mutex // for the use of queues that embed the base; the base does not take it

	name         string
	declared     *MessagingCapabilities // what a queue without storage says of itself
	capabilities atomic.Pointer[MessagingCapabilities]
	telemetry    atomic.Pointer[telemetry]

	storage    Storage // nil: the queue overrides what it can do
	options    config.Set
	config     *cconf.ConfigParams
	pending    *cconf.ConfigParams              // given and not applied yet; guarded by life.mu
	components atomic.Pointer[cref.IReferences] // nil: none. DeadLetters may be asked while they are set
	values     config.Values
	problems   config.Problems
	settings   settings

	state   atomic.Int32                     // a queueState; changed with life.mu held
	session atomic.Pointer[session]          // of the last Open
	secrets atomic.Pointer[connect.Redactor] // of the connection; kept out of errors and logs
	family  *connect.Family                  // with the dead-letter queue
	life    lifecycle
	scratch sync.Pool // of *MessageEnvelope, for Send

	deadLetters deadLetters
}

// InheritMessageQueue makes the base of a queue that overrides what it can do. overrides is the queue
// itself; capabilities is what it declares, nil for nothing.
func InheritMessageQueue(overrides IMessageQueueOverrides, name string, capabilities *MessagingCapabilities) *MessageQueue {
	return inherit(overrides, name, capabilities, nil)
}

// InheritMessageQueueWithStorage makes the base of a queue over storage. Its capabilities follow from
// the interfaces that storage implements. overrides is the queue itself; nil for the base alone.
func InheritMessageQueueWithStorage(overrides IMessageQueueOverrides, name string, storage Storage) *MessageQueue {
	return inherit(overrides, name, nil, storage)
}

func inherit(overrides IMessageQueueOverrides, name string, declared *MessagingCapabilities, storage Storage) *MessageQueue {
	if declared == nil {
		declared = &MessagingCapabilities{}
	}
	q := &MessageQueue{
		Overrides:          overrides,
		Logger:             clog.NewCompositeLogger(),
		Counters:           ccount.NewCompositeCounters(),
		ConnectionResolver: cconn.NewEmptyConnectionResolver(),
		CredentialResolver: cauth.NewEmptyCredentialResolver(),
		name:               name,
		declared:           declared,
		storage:            storage,
		options:            config.Queue(),
		family:             new(connect.Family),
	}
	q.life.turn = make(chan struct{}, 1)
	if overrides == nil {
		q.Overrides = q
	}
	if describer, ok := storage.(OptionDescriber); ok {
		q.options = q.options.With(describer.Options()...)
	}
	q.applyConfig(nil)
	q.telemetry.Store(newTelemetry(name, nil))
	return q
}

// Name returns the name of the queue.
func (q *MessageQueue) Name() string { return q.name }

// Capabilities returns what this queue can do; never nil. An Open may narrow it to what the server can do.
func (q *MessageQueue) Capabilities() *MessagingCapabilities { return q.capabilities.Load() }

// String returns the name in brackets.
func (q *MessageQueue) String() string { return "[" + q.name + "]" }

// Configure sets the configuration, in place of an earlier one. It has no error to return: what is
// wrong is kept, and reported by Open. It takes effect at the next Open.
func (q *MessageQueue) Configure(ctx context.Context, params *cconf.ConfigParams) {
	ctx = orBackground(ctx)
	if params == nil {
		params = cconf.NewEmptyConfigParams()
	}
	if q.storage == nil || q.openingOf(ctx) != nil { // a queue that keeps a state of its own, or one that opens and calls this
		q.configure(ctx, params)
		return
	}
	q.life.mu.Lock()
	q.pending = params
	q.life.mu.Unlock()
	select {
	case q.life.turn <- struct{}{}: // nobody is opening it, and nobody will meanwhile
		defer func() { <-q.life.turn }()
		if q.state.Load() == stateClosed {
			q.applyPending(ctx)
		}
	default:
	}
}

// applyPending configures a closed queue with what it was given last, for one who has its turn.
func (q *MessageQueue) applyPending(ctx context.Context) {
	q.life.mu.Lock()
	pending := q.pending
	q.pending = nil
	q.life.mu.Unlock()
	if pending != nil {
		q.configure(ctx, pending)
	}
}

func (q *MessageQueue) configure(ctx context.Context, params *cconf.ConfigParams) {
	q.Logger.Configure(ctx, params)
	// Resolvers add what they are configured with to what they have.
	references := q.references()
	q.ConnectionResolver = cconn.NewConnectionResolver(ctx, params, references)
	q.CredentialResolver = cauth.NewCredentialResolver(ctx, params, nil)
	if references != nil {
		q.CredentialResolver.SetReferences(ctx, credentialReferences{references})
	}

	name := cconf.NameResolver.ResolveWithDefault(params, q.name)
	name = params.GetAsStringWithDefault(config.QueueName, name)
	if name != q.name { // calls that are refused because the queue is not open may be reading it
		q.name = name
	}
	q.applyConfig(params)
	q.observe()
}

// applyConfig parses the options. A queue without a storage may have options of its own, which it
// reads itself.
func (q *MessageQueue) applyConfig(params *cconf.ConfigParams) {
	parse := q.options.Parse
	if q.storage == nil {
		parse = q.options.ParseKnown
	}
	q.config = params
	if params == nil {
		q.config = cconf.NewEmptyConfigParams()
	}
	q.values, q.problems = parse(params)
	q.settings = newSettings(q.values)
	q.capabilities.Store(q.deriveCapabilities())
}

// SetReferences sets the components that the queue may use, in place of earlier ones. On an open queue the loggers,
// counters and tracers among them are used from now on, the others from the next Open on.
func (q *MessageQueue) SetReferences(ctx context.Context, references cref.IReferences) {
	q.components.Store(&references)
	q.observe()
	if references == nil {
		return
	}
	// Composites add what they are given to what they have.
	logger := clog.NewCompositeLogger()
	logger.Configure(ctx, q.config)
	logger.SetReferences(ctx, references)
	counters := ccount.NewCompositeCounters()
	counters.SetReferences(ctx, references)
	q.Logger, q.Counters = logger, counters
	q.ConnectionResolver.SetReferences(ctx, references)
	q.CredentialResolver.SetReferences(ctx, credentialReferences{references})
}

// references returns the components that the queue may use; nil for none.
func (q *MessageQueue) references() cref.IReferences {
	if components := q.components.Load(); components != nil {
		return *components
	}
	return nil
}

// observe finds the loggers, counters and tracers, in place of earlier ones.
func (q *MessageQueue) observe() {
	if earlier := q.telemetry.Swap(newTelemetry(q.name, q.references())); earlier != nil {
		earlier.tally.pause()
	}
}

// deriveCapabilities says what the queue can do, from what its storage implements, the traits it has
// shown and the configuration.
func (q *MessageQueue) deriveCapabilities() *MessagingCapabilities {
	if q.storage == nil {
		return q.declared
	}
	traits := q.storage.Traits()
	_, counts := q.storage.(Counter)
	_, looks := q.storage.(Looker)
	_, extends := q.storage.(LockExtender)
	_, purges := q.storage.(Purger)
	_, batches := q.storage.(BatchPutter)
	_, putsLater := q.storage.(DelayedPutter)
	kind := q.deadLetterKind()
	settles := !traits.AtMostOnce
	declared := map[Capability]bool{
		CapabilitySend:         true,
		CapabilityReceive:      true,
		CapabilityMessageCount: counts,
		CapabilityPeek:         looks,
		CapabilityPeekBatch:    looks,
		CapabilityRenewLock:    settles && (extends || traits.Locks == LocksByBase),
		CapabilityAbandon:      settles,
		CapabilityDeadLetter:   settles && kind != DeadLetterNone,
		CapabilityClear:        purges,
		CapabilityBatch:        batches,
		CapabilityDelay:        putsLater,
		CapabilityOrdering:     traits.Ordered,
		CapabilityAtLeastOnce:  settles,
		CapabilityDurable:      traits.Durable,
	}
	for _, name := range traits.Without {
		delete(declared, name)
	}
	if !declared[CapabilityDeadLetter] {
		kind = DeadLetterNone
	}
	return newCapabilities(declared, kind)
}

// need returns ErrNotSupported unless the capability is declared.
func (q *MessageQueue) need(capability Capability, correlationId string) error {
	if q.storage != nil && q.Capabilities().Has(capability) {
		return nil
	}
	return newError(ErrNotSupported, q.name, correlationId, string(capability), nil)
}

// redact takes the secrets of the connection out of what a storage says.
func (q *MessageQueue) redact(err error) error {
	if secrets := q.secrets.Load(); secrets != nil {
		return secrets.Error(err)
	}
	return err
}

// fail gives an error of the storage the queue's name and what was being done; an ended ctx says more.
func (q *MessageQueue) fail(ctx context.Context, correlationId, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return wrapError(q.redact(err), q.name, correlationId, doing)
}
