package queues

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Headers of a dead message, beside its own. Names that begin with dead_letter_ are reserved; delivery_count is
// not: that of the sender is kept aside, and put back when the message is redriven.
const (
	HeaderDeadLetterReason = "dead_letter_reason" // one of the Reason constants
	HeaderDeadLetterError  = "dead_letter_error"  // what the receiver failed with, if it did
	HeaderDeadLetterSource = "dead_letter_source" // the queue that it comes from
	HeaderDeadLetterTime   = "dead_letter_time"   // when it was moved, RFC 3339
	HeaderDeliveryCount    = "delivery_count"     // how many deliveries it has had
)

// Why a message is dead: values of the header dead_letter_reason.
const (
	ReasonMaxDeliveries = "max_deliveries" // it has had options.max_deliveries deliveries, abandoned or expired
	ReasonReceiverError = "receiver_error" // a receiver returned an error made by NewPermanentError
	ReasonExpired       = "expired"        // its time to live ran out, on brokers that have one
	ReasonRequested     = "requested"      // MoveToDeadLetter
)

// headerOwnDeliveryCount is where a dead message has the header delivery_count that it was sent with.
const headerOwnDeliveryCount = "dead_letter_own_delivery_count"

// deadLetterHeaders are taken off when a message is redriven.
var deadLetterHeaders = [...]string{
	HeaderDeadLetterReason, HeaderDeadLetterError, HeaderDeadLetterSource, HeaderDeadLetterTime, HeaderDeliveryCount,
	headerOwnDeliveryCount,
}

// hasDied tells by its headers whether a message has died before.
func hasDied(headers map[string]string) bool {
	return headers[HeaderDeadLetterReason] != "" || headers[HeaderDeadLetterSource] != ""
}

// deadLetters is where the dead messages of a queue go: to another queue of the container, or to one
// of the same kind that the base makes and runs.
type deadLetters struct {
	mu    sync.Mutex // of changes; while the queue is open there are none
	none  bool       // of a dead-letter queue: its messages cannot die again
	own   *MessageQueue
	other IMessageQueue
}

// DeadLetterer is a queue that gives access to its dead messages.
type DeadLetterer interface {
	// DeadLetters returns the queue of the dead messages. It is open when this queue is, unless it is
	// another component of the container. Errors: ErrNotSupported.
	DeadLetters() (IMessageQueue, error)
}

// DeadLetters returns the dead-letter queue of queue: to be received from, peeked, counted, cleared
// like any other. ErrNotSupported if it has none.
func DeadLetters(queue IMessageQueue) (IMessageQueue, error) {
	if deadLetterer, ok := queue.(DeadLetterer); ok {
		return deadLetterer.DeadLetters()
	}
	return nil, newError(ErrNotSupported, queueName(queue), "", string(CapabilityDeadLetter), nil)
}

// DeadLetters returns the queue of the dead messages. See DeadLetterer.
func (q *MessageQueue) DeadLetters() (IMessageQueue, error) {
	if err := q.need(CapabilityDeadLetter, ""); err != nil {
		return nil, err
	}
	queue, err := q.deadLetters.find(q)
	if err != nil {
		return nil, newError(ErrBadConfig, q.name, "", config.DeadLetterQueue, err)
	}
	return queue, nil
}

// deadLetterKind says how this queue moves messages to its dead-letter queue.
func (q *MessageQueue) deadLetterKind() DeadLetterKind {
	if q.storage == nil || q.deadLetters.none || q.storage.Traits().AtMostOnce {
		return DeadLetterNone
	}
	if other, err := q.otherDeadLetters(); other != nil || err != nil {
		return DeadLetterSafe
	}
	_, makes := q.storage.(SiblingMaker)
	_, buries := q.storage.(Burier)
	switch {
	case !makes:
		return DeadLetterNone
	case buries:
		return DeadLetterAtomic
	default:
		return DeadLetterSafe
	}
}

// deadLetterSuffix makes the name of the default dead-letter queue.
const deadLetterSuffix = ".dead"

// otherDeadLetters finds the component that takes the dead messages; nil when the base's own queue does. A
// component that has the name of that one takes its place. Only where the option is not set and queues
// are on a server it need not: there, queues of one name are one queue, to which the storage may have a shorter way.
func (q *MessageQueue) otherDeadLetters() (IMessageQueue, error) {
	name, own := q.settings.deadLetterQueue, q.name+deadLetterSuffix
	if name != "" && name != own {
		return q.findQueue(name)
	}
	if name == "" && q.storage.Traits().NeedsServer || len(q.queuesAt(own)) == 0 {
		return nil, nil
	}
	return q.findQueue(own)
}

// check tells whether there is the queue that options.dead_letter_queue names.
func (l *deadLetters) check(q *MessageQueue) error {
	if q.deadLetterKind() == DeadLetterNone {
		return nil
	}
	_, err := q.otherDeadLetters()
	return err
}

// prepare finds or makes the dead-letter queue, for an Open.
func (l *deadLetters) prepare(q *MessageQueue) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other = nil
	if q.deadLetterKind() == DeadLetterNone {
		l.own = nil
		return nil
	}
	var err error
	if l.other, err = q.otherDeadLetters(); l.other != nil || err != nil {
		l.own = nil
		return err
	}
	l.make(q)
	l.own.succeed(q)
	return nil
}

// make makes the base's own dead-letter queue unless there is one.
func (l *deadLetters) make(q *MessageQueue) {
	name := q.name + deadLetterSuffix
	if l.own == nil || l.own.name != name {
		l.own = InheritMessageQueueWithStorage(nil, name, q.storage.(SiblingMaker).Sibling(name))
		l.own.deadLetters.none = true
		l.own.succeed(q)
	}
}

// find returns the dead-letter queue, also of a closed queue.
func (l *deadLetters) find(q *MessageQueue) (IMessageQueue, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, err := q.otherDeadLetters(); other != nil || err != nil {
		return other, err
	}
	l.make(q)
	return l.own, nil
}

// succeed takes over what a dead-letter queue shares with the queue whose dead messages it keeps: it
// connects in the same way, has its times, and never drops a message. Where its receivers need other options it
// is made a component of its own.
func (q *MessageQueue) succeed(source *MessageQueue) {
	q.ConnectionResolver, q.CredentialResolver = source.ConnectionResolver, source.CredentialResolver
	q.config, q.values, q.family = source.config, source.values, source.family
	q.components.Store(source.components.Load())
	q.settings.lockTimeout = source.settings.lockTimeout
	q.settings.retryDelay, q.settings.retryMaxDelay = source.settings.retryDelay, source.settings.retryMaxDelay
	q.settings.drainTimeout = source.settings.drainTimeout
	q.settings.maxDeliveries = 0
	q.capabilities.Store(q.deriveCapabilities())
	q.observe()
}

// exist tells whether there is a place for dead messages.
func (l *deadLetters) exist() bool { return l.own != nil || l.other != nil }

func (l *deadLetters) queue() IMessageQueue {
	if l.own != nil {
		return l.own
	}
	return l.other
}

// open opens the base's own dead-letter queue; another component is opened by its container.
func (l *deadLetters) open(ctx context.Context, correlationId string, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams) error {
	if l.own == nil {
		return nil
	}
	return l.own.OpenWithParams(ctx, correlationId, connections, credential)
}

func (l *deadLetters) close(ctx context.Context, correlationId string) error {
	if l.own == nil {
		return nil
	}
	return l.own.Close(ctx, correlationId)
}

// base returns the base of a queue that embeds it.
func (q *MessageQueue) base() *MessageQueue { return q }

// circle lists the open queues by which a dead message would come back to q, and it again; nil if it does not. The
// last queue of a circle that is opened finds out.
func (l *deadLetters) circle(q *MessageQueue) []string {
	const longest = 100
	names := []string{q.name}
	for next := l; len(names) < longest; {
		other, ok := next.component().(interface{ base() *MessageQueue })
		if !ok || !other.base().IsOpen() {
			return nil
		}
		names = append(names, other.base().name)
		if other.base() == q {
			return names
		}
		next = &other.base().deadLetters
	}
	return nil
}

// component returns the component of the container that takes the dead messages; nil without one.
func (l *deadLetters) component() IMessageQueue {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.other
}

// findQueue finds the queue component of that name, or of that descriptor, in the container.
func (q *MessageQueue) findQueue(name string) (IMessageQueue, error) {
	if name == q.name {
		return nil, fmt.Errorf("queue %s cannot be its own dead-letter queue", name)
	}
	references := q.references()
	if references == nil {
		return nil, fmt.Errorf("%q is not to be found: the queue has no references; leave it out to use %s%s", name, q.name, deadLetterSuffix)
	}
	found := q.queuesAt(name)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && slices.Contains(references.GetOptional(parseLocator(name)), any(q.Overrides)):
		return nil, fmt.Errorf("%s is queue %s, which cannot be its own dead-letter queue", name, q.name)
	case len(found) == 0:
		return nil, fmt.Errorf("no queue component answers to %q; add one to the container, or leave it out to use %s%s", name, q.name, deadLetterSuffix)
	default:
		return nil, fmt.Errorf("%d queue components answer to %q; write the full descriptor of one", len(found), name)
	}
}

// queuesAt lists the other queue components of that name, or of that descriptor.
func (q *MessageQueue) queuesAt(name string) (found []IMessageQueue) {
	references := q.references()
	if references == nil {
		return nil
	}
	var locator any = cref.NewDescriptor("*", "message-queue", "*", name, "*")
	if strings.Contains(name, ":") {
		locator = parseLocator(name)
	}
	for _, component := range references.GetOptional(locator) {
		if queue, ok := component.(IMessageQueue); ok && queue != q.Overrides {
			found = append(found, queue)
		}
	}
	return found
}

// parseLocator returns the descriptor that text spells, or text itself.
func parseLocator(text string) any {
	if descriptor, err := cref.ParseDescriptorFromString(text); err == nil {
		return descriptor
	}
	return text
}
