package queues

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	clog "github.com/pip-services3-gox/pip-services3-components-gox/log"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// queueState is where a queue is in its life.
type queueState = int32

const (
	stateClosed  queueState = iota
	stateOpen               // everything works
	stateClosing            // receivers in work finish: they may still send and settle
)

// lifecycle is what runs while a queue is open.
type lifecycle struct {
	turn       chan struct{} // takes the token of the Open that is under way
	mu         sync.Mutex
	openings   map[*opening]struct{}
	listeners  map[*listener]struct{}
	background sync.WaitGroup // goroutines of BeginListen and the keeper of locks
}

// session is what one Open has found and made. It does not change.
type session struct {
	dead       *MessageQueue // the base's own dead-letter queue; nil without one
	settings   settings
	traits     Traits
	locks      *lockTable // nil without a storage
	calls      *callCount
	ending     context.Context // ends when Close begins
	end        context.CancelFunc
	hurried    context.Context // ends when listeners must not wait for their receivers any longer
	hurry      context.CancelFunc
	keeping    context.Context // ends when the keeper of locks must
	stopKeeper context.CancelFunc
	closed     chan struct{} // closed when Close is through
}

func newSession(queue *MessageQueue, traits Traits, locks *lockTable) *session {
	s := &session{
		dead:     queue.deadLetters.own,
		settings: queue.settings,
		traits:   traits,
		locks:    locks,
		calls:    newCallCount(),
		closed:   make(chan struct{}),
	}
	s.ending, s.end = context.WithCancel(context.Background())
	s.hurried, s.hurry = context.WithCancel(context.Background())
	s.keeping, s.stopKeeper = context.WithCancel(context.Background())
	return s
}

// IsOpen tells whether the queue is open.
func (q *MessageQueue) IsOpen() bool { return q.state.Load() == stateOpen }

// CheckOpen returns ErrNotOpened unless the queue is open.
func (q *MessageQueue) CheckOpen(correlationId string) error {
	if !q.Overrides.IsOpen() {
		return newError(ErrNotOpened, q.name, correlationId, "", nil)
	}
	return nil
}

// checkOpen is CheckOpen of the base's own state, with room for receivers that are still in work.
func (q *MessageQueue) checkOpen(correlationId string, whileClosing bool) error {
	switch state := q.state.Load(); {
	case state == stateOpen, whileClosing && state == stateClosing:
		return nil
	default:
		return newError(ErrNotOpened, q.name, correlationId, "call Open first", nil)
	}
}

// Open opens the queue; a no-op if it is open. Everything that is wrong with the configuration comes
// back at once as ErrBadConfig. Connections and credentials are resolved through discovery and
// credential stores and handed to OpenWithParams. Errors: ErrBadConfig, ErrNoConnection,
// ErrNotSupported (options.require), ErrNotOpened if Close is called meanwhile.
func (q *MessageQueue) Open(ctx context.Context, correlationId string) error {
	ctx = orBackground(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.Overrides.IsOpen() {
		return nil
	}
	return q.inTurn(ctx, correlationId, func(ctx context.Context) error { return q.open(ctx, correlationId) })
}

func (q *MessageQueue) open(ctx context.Context, correlationId string) error {
	if err := q.checkConfig(correlationId); err != nil {
		return err
	}
	connections, credential, err := q.resolveConnections(ctx, correlationId)
	if err != nil {
		return err
	}
	if q.storage == nil {
		if err := q.checkRequired(correlationId); err != nil {
			return err
		}
	}
	if err := q.Overrides.OpenWithParams(ctx, correlationId, connections, credential); err != nil {
		return err
	}
	if q.storage == nil {
		return q.start(ctx, correlationId, newSession(q, Traits{}, nil))
	}
	return nil
}

// checkConfig reports all problems of the configuration together.
func (q *MessageQueue) checkConfig(correlationId string) error {
	problems := q.problems[:len(q.problems):len(q.problems)]
	if err := q.deadLetters.check(q); err != nil {
		problems = append(problems,
			config.Problem{Key: config.DeadLetterQueue, Value: q.settings.deadLetterQueue, Text: config.DeadLetterQueue + ": " + err.Error()})
	}
	if locator := q.config.GetAsString(connectionDependency); locator != "" && q.sharedConnection() == nil {
		problems = append(problems, config.Problem{
			Key: connectionDependency, Value: locator,
			Text: fmt.Sprintf("%s: no component answers to %s; create it in the container before this queue", connectionDependency, locator),
		})
	}
	if err := problems.Err(); err != nil {
		return newError(ErrBadConfig, q.name, correlationId, "", err)
	}
	return nil
}

func (q *MessageQueue) resolveConnections(ctx context.Context, correlationId string) ([]*cconn.ConnectionParams, *cauth.CredentialParams, error) {
	if q.storage != nil && !q.storage.Traits().NeedsServer { // what is configured for another kind of queue does no harm
		return nil, nil, nil
	}
	connections, err := q.findConnections(correlationId)
	if err != nil {
		return nil, nil, newError(ErrNoConnection, q.name, correlationId, "resolving the connection", connect.Redactor{}.Error(err))
	}
	if len(connections) == 0 && q.sharedConnection() == nil {
		return nil, nil, newError(ErrNoConnection, q.name, correlationId,
			connect.MissingConnection, nil)
	}
	credential, err := q.findCredential(ctx, correlationId)
	if err != nil {
		return nil, nil, newError(ErrBadConfig, q.name, correlationId, "looking up credentials", connect.NewRedactor(connections).Error(err))
	}
	return connections, credential, nil
}

// A queue without a storage may have added to the resolvers, which are its own to use. They forget what is
// set beside a discovery key, and do not name the key that is missing.

func (q *MessageQueue) findConnections(correlationId string) ([]*cconn.ConnectionParams, error) {
	if q.storage == nil {
		return q.ConnectionResolver.ResolveAll(correlationId)
	}
	return connect.Connections(correlationId, q.config, q.references())
}

func (q *MessageQueue) findCredential(ctx context.Context, correlationId string) (*cauth.CredentialParams, error) {
	if q.storage == nil {
		return q.CredentialResolver.Lookup(ctx, correlationId)
	}
	return connect.Credential(ctx, correlationId, q.config, q.references())
}

// OpenWithParams opens the queue with connections and credential that are resolved. A queue without a
// storage overrides it.
func (q *MessageQueue) OpenWithParams(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error {
	ctx = orBackground(ctx)
	if q.storage == nil {
		return newError(ErrNotSupported, q.name, correlationId, "the queue does not override OpenWithParams", nil)
	}
	return q.inTurn(ctx, correlationId, func(ctx context.Context) error {
		return q.openStorage(ctx, correlationId, connections, credential)
	})
}

func (q *MessageQueue) openStorage(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error {
	if err := q.checkConfig(correlationId); err != nil {
		return err
	}
	if err := q.deadLetters.prepare(q); err != nil {
		return newError(ErrBadConfig, q.name, correlationId, config.DeadLetterQueue, err)
	}
	secrets := connect.NewRedactor(connections, credential)
	q.secrets.Store(&secrets)
	locks := newLockTable(q, q.storage.Traits().Locks, q.settings.lockTimeout)
	params := StorageParams{
		Queue:          q.name,
		CorrelationId:  correlationId,
		Connections:    connections,
		Credential:     credential,
		Connection:     q.sharedConnection(),
		References:     q.references(),
		Config:         q.config,
		Options:        q.values,
		LockTimeout:    q.settings.lockTimeout,
		MaxMessages:    q.settings.maxMessages,
		RejectWhenFull: q.settings.rejectWhenFull,
		Void:           locks.void,
		family:         q.family,
	}
	opened := false
	err := connect.Within(ctx, q.values.Duration(config.ConnectTimeout), func(ctx context.Context) error {
		if err := q.storage.Open(ctx, params); err != nil {
			return err
		}
		opened = true
		locks.keeper = q.storage.Traits().Locks // what it is like with this server
		q.capabilities.Store(q.deriveCapabilities())
		if err := q.checkRequired(correlationId); err != nil {
			return err
		}
		return q.deadLetters.open(ctx, correlationId, connections, credential)
	})
	if err == nil {
		err = q.start(ctx, correlationId, newSession(q, q.storage.Traits(), locks))
	}
	if err != nil && opened {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleGrace)
		defer cancel()
		_ = errors.Join(q.storage.Close(closing), q.deadLetters.close(closing, correlationId)) // the error that made us give up says more
	}
	return q.fail(ctx, correlationId, "opening", err)
}

func (q *MessageQueue) checkRequired(correlationId string) error {
	missing := q.Capabilities().Missing(q.settings.require...)
	if len(missing) == 0 {
		return nil
	}
	return newError(ErrNotSupported, q.name, correlationId,
		config.Require+" asks for "+joinCapabilities(missing)+", which this queue cannot do; it can do "+q.Capabilities().String(), nil)
}

// start makes an opened queue run, unless Close has been called meanwhile.
func (q *MessageQueue) start(ctx context.Context, correlationId string, s *session) error {
	for _, warning := range q.problems.Warnings() {
		q.telemetry.Load().log(ctx, clog.LevelWarn, correlationId, nil, "Queue %s: %s", q.name, warning.Text)
	}
	if !q.run(q.openingOf(ctx), s) {
		return q.closedMeanwhile(correlationId)
	}
	q.announce(ctx, correlationId, s)
	return nil
}

// run starts what works in the background and lets calls in. It reports false if Close has stopped the opening.
func (q *MessageQueue) run(o *opening, s *session) bool {
	q.life.mu.Lock()
	defer q.life.mu.Unlock()
	if o != nil && o.stopped {
		return false
	}
	if s.locks != nil {
		q.life.background.Go(func() { s.locks.run(s.keeping.Done(), q.perform) })
		if q.deadLetters.exist() {
			q.life.background.Go(func() {
				s.locks.undertaker.run(s.keeping.Done(), func(d *Delivery) { q.buryWithin(s.keeping, d, *d.parking.then) })
			})
		}
	}
	q.session.Store(s)
	q.state.Store(stateOpen)
	return true
}

// announce logs that the queue is open, and what its operator should know of it.
func (q *MessageQueue) announce(ctx context.Context, correlationId string, s *session) {
	telemetry := q.telemetry.Load()
	telemetry.log(ctx, clog.LevelDebug, correlationId, nil, "Opened queue %s", q.name)
	if s.traits.Remark != "" {
		telemetry.log(ctx, clog.LevelInfo, correlationId, nil, "Queue %s is %s", q.name, s.traits.Remark)
	}
	if circle := q.deadLetters.circle(q); circle != nil {
		telemetry.log(ctx, clog.LevelWarn, correlationId, nil, "Queue %s: %s: dead messages go round for ever, %s; name another queue for one of them",
			q.name, config.DeadLetterQueue, strings.Join(circle, " to "))
	}
}

// connectionDependency is where a queue names the connection component that it shares with others.
const connectionDependency = "dependencies.connection"

// sharedConnection returns the component that dependencies.connection names, nil if there is none.
func (q *MessageQueue) sharedConnection() any {
	locator := q.config.GetAsString(connectionDependency)
	references := q.references()
	if locator == "" || references == nil {
		return nil
	}
	return references.GetOneOptional(parseLocator(locator))
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
