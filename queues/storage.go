package queues

import (
	"context"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// The contract between the base and a broker. A storage maps the primitives of its broker and nothing
// else; the base has checked the arguments, made the copies, and holds all policy. docs/writing-a-queue.md
// shows a whole one. What holds for every method:
//
//   - Except Open and Close, methods may be called concurrently. Open and Close never overlap with
//     each other; Close may overlap with any other, which must then return ErrNotOpened soon.
//   - The base never retries a failed call, except Take in a listener. A storage reconnects by itself.
//     While the server is away, calls fail with ErrNoConnection or wait within ctx, whichever fits.
//   - A method may block on its server as long as ctx lives, and returns soon after ctx ends. When it
//     returns an error nothing has happened, or it is not known whether it has (a lost confirm).
//   - Errors say what was being done and wrap a sentinel (ErrNoConnection, ErrLockLost, ErrQueueFull,
//     ErrMessageTooLarge, ErrBadConfig, ErrNotSupported) where one fits; the base adds the queue's name.
//   - Envelopes handed to a storage are valid until the call returns. What it keeps, it copies.
type (
	// Storage is what every broker must be able to do.
	Storage interface {
		// Traits says what this storage is like. Before Open: at its best. After Open: with the server
		// it found. It is called rarely and must not block.
		Traits() Traits

		// Open connects and makes or checks what the queue needs on the server, within ctx. On an error
		// the storage is closed. It may be opened again after Close.
		Open(ctx context.Context, params StorageParams) error

		// Close disconnects. The base has released every delivery it held. Blocked calls return.
		Close(ctx context.Context) error

		// Put stores the message and returns when the server has taken responsibility for it (its confirm).
		Put(ctx context.Context, message *MessageEnvelope) error

		// Take fills dst from its start with deliveries, in the queue's order, and returns how many: at
		// least one, without waiting to fill dst. With none ready it waits until there is one or ctx
		// ends (0, ctx.Err()); if wait is false it does not wait (0, nil). It sets Message, Count and
		// Handle of each. Payload and headers are given away: the user may change them. (What is in
		// Message.Message, at length 0, is room that a storage may copy a small payload to.) The messages
		// are locked by the broker for StorageParams.LockTimeout, or, with LocksByBase, until they are settled.
		// The base does not poll: a storage that can only poll does it here.
		Take(ctx context.Context, dst []Delivery, wait bool) (n int, err error)

		// Complete removes a taken message. With a handle that the broker knows to be stale: ErrLockLost.
		// The base settles a handle once, and not after the lock has run out by its own clock.
		Complete(ctx context.Context, handle any) error

		// Release gives a taken message back, ready at once at its old place (or at the end, without the
		// trait Ordered). If counted is false this delivery does not count: the next Take reports the same
		// Count again. Where a broker counts by itself, keep the true number in a header or side record.
		Release(ctx context.Context, handle any, counted bool) error
	}

	// LockExtender is a storage whose broker keeps locks and can extend them. Without it, and with
	// LocksByBroker, RenewLock is not supported. A storage with LocksByBase does not need it.
	LockExtender interface {
		// Extend makes the lock end timeout from now.
		Extend(ctx context.Context, handle any, timeout time.Duration) error
	}

	// Looker is a storage that can show ready messages without taking them: Peek and PeekBatch.
	Looker interface {
		// Look returns copies of up to max ready messages in order; max is at least 1.
		Look(ctx context.Context, max int) ([]*MessageEnvelope, error)
	}

	// Counter is a storage that can count ready messages: ReadMessageCount.
	Counter interface {
		Count(ctx context.Context) (int64, error)
	}

	// StateCounter is a storage that can count messages by the state that they are in: CountByState.
	StateCounter interface {
		// CountByState counts messages that are ready, locked (by any process) and delayed. -1 stands for
		// what the broker cannot tell.
		CountByState(ctx context.Context) (ready, locked, delayed int64, err error)
	}

	// Purger is a storage that can remove ready and delayed messages: Clear. The base completes the
	// ones that it holds; those that other processes hold should go too, where the broker can.
	Purger interface {
		Purge(ctx context.Context) error
	}

	// BatchPutter is a storage that can put several messages, all or none: the capability batch.
	BatchPutter interface {
		PutBatch(ctx context.Context, messages []*MessageEnvelope) error
	}

	// DelayedPutter is a storage that can take a message that becomes ready later. It gives the
	// capability delay, AbandonDelayed included.
	DelayedPutter interface {
		// PutDelayed stores a message that enters the queue, at its end, after delay (above 0).
		PutDelayed(ctx context.Context, message *MessageEnvelope, delay time.Duration) error
	}

	// DelayedReleaser is a storage that can give a message back later. Without it the base keeps the
	// message locked for that time, which a crash ends early.
	DelayedReleaser interface {
		// ReleaseDelayed is Release, counted, with the message ready after delay (above 0). Where the
		// broker has no way for this message, or this delay, it answers ErrNotSupported, and the base keeps
		// the message locked. A storage that cannot hold it for so long either answers with another error.
		ReleaseDelayed(ctx context.Context, handle any, delay time.Duration) error
	}

	// BatchCompleter is a storage that can complete several messages in one step. With it a listener
	// completes the messages that its receivers are through with in groups, one group at a time, while the
	// receivers go on. Without it each of them waits for its Complete.
	BatchCompleter interface {
		// CompleteBatch is Complete for every handle, 1 to Traits.GroupMax of them. It returns nil when all are
		// completed, else an error for each handle, in their order; nil for one that is completed.
		CompleteBatch(ctx context.Context, handles []any) []error
	}

	// BatchReleaser is a storage that can give several messages back in one step. Without it the base
	// releases one by one when many locks run out at once.
	BatchReleaser interface {
		// ReleaseBatch is Release, counted, for every handle, or for none.
		ReleaseBatch(ctx context.Context, handles []any) error
	}

	// SiblingMaker is a storage that can make another queue of its kind, for the default dead-letter queue.
	SiblingMaker interface {
		// Sibling returns a new closed storage for the queue of that name, which the base opens and
		// closes after this one. It does not connect.
		Sibling(name string) Storage
	}

	// Burier is a storage that can move a message to the dead-letter queue that Sibling made in one
	// step. Without it the base puts, then completes.
	Burier interface {
		// Bury stores dead in the sibling and removes the taken message, both or neither.
		Bury(ctx context.Context, handle any, dead *MessageEnvelope) error
	}

	// OriginalKeeper is a storage that still has a taken message as it was sent. Without it the base
	// keeps a copy of each, for the case that it must go to the dead-letter queue.
	OriginalKeeper interface {
		// Original returns the taken message. The base does not change it, and lets go of it before it
		// settles the handle.
		Original(handle any) *MessageEnvelope
	}

	// OptionDescriber is a storage with options of its own. They are parsed, checked and documented
	// with those of every queue, and handed to Open in StorageParams.Options.
	OptionDescriber interface {
		Options() []config.Option
	}
)

// LockKeeper says who keeps the time of locks.
type LockKeeper int

const (
	// LocksByBase: the storage holds a taken message until it is settled; the base ends the lock after
	// options.lock_timeout and releases the message.
	LocksByBase LockKeeper = iota
	// LocksByBroker: the broker makes the message ready again when the lock runs out; the base mirrors
	// the deadline and refuses settling after it.
	LocksByBroker
)

// Traits says what a storage is like, beyond the interfaces that it implements.
type Traits struct {
	Locks          LockKeeper
	Ordered        bool         // FIFO for one sender and one receiver, released messages at their old place
	AtMostOnce     bool         // a message handed out is gone: Complete and Release do nothing that lasts
	Durable        bool         // messages outlive the process and a restart of the server
	Local          bool         // Take without waiting costs no round trip
	NeedsServer    bool         // connection and credential are resolved for Open, which fails with ErrNoConnection without one
	Prefetch       int          // messages a listener takes ahead unless options.prefetch is set
	PrefetchMax    int          // how far that grows while receivers are fast; 0: it does not
	GroupMax       int          // messages that a listener completes in one step, if it can; 0: 256. More where a step takes long
	MaxMessageSize int          // bytes of payload the broker takes; 0: no limit known
	Without        []Capability // what it implements but this server cannot do
	Remark         string       // after Open: how it works with the server it found, for the log at level info; may be empty
}

// StorageParams is what the base hands to Storage.Open.
type StorageParams struct {
	Queue          string
	CorrelationId  string
	Connections    []*cconn.ConnectionParams // resolved, discovery included; may be empty
	Credential     *cauth.CredentialParams   // resolved, credential stores included; nil when none is configured
	Connection     any                       // the component that dependencies.connection names; nil without one
	References     cref.IReferences          // nil outside a container
	Config         *cconf.ConfigParams       // the whole section of the component; never nil
	Options        config.Values             // parsed and checked
	LockTimeout    time.Duration             // options.lock_timeout
	MaxMessages    int                       // options.max_messages; 0: no limit
	RejectWhenFull bool                      // options.overflow is reject: Put over MaxMessages fails with ErrQueueFull instead of waiting

	// Void tells the base that the deliveries whose handle match are no longer this process's, because
	// a connection was lost. It may be called at any time, from any goroutine, but not from inside a
	// call of the base. match is called with locks held and must return at once.
	Void func(match func(handle any) bool)

	family *connect.Family // of the queue and its dead-letter queue, which share a client
}

// Target is what connect.Acquire needs to connect for this queue. A queue and the sibling that keeps its
// dead messages get leases of the same client.
func (p StorageParams) Target() connect.Target {
	return connect.Target{
		Name:        "queue " + p.Queue,
		Connections: p.Connections,
		Credential:  p.Credential,
		Config:      p.Config,
		Options:     p.Options,
		Family:      p.family,
	}
}
