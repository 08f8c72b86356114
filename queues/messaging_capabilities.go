package queues

import (
	"slices"
	"strings"
)

// Capability names one ability of a queue, as options.require spells it.
type Capability string

// The capabilities a queue may declare.
const (
	CapabilityMessageCount Capability = "message_count"
	CapabilitySend         Capability = "send"
	CapabilityReceive      Capability = "receive"
	CapabilityPeek         Capability = "peek"
	CapabilityPeekBatch    Capability = "peek_batch"
	CapabilityRenewLock    Capability = "renew_lock"
	CapabilityAbandon      Capability = "abandon"
	CapabilityDeadLetter   Capability = "dead_letter"
	CapabilityClear        Capability = "clear"
	CapabilityBatch        Capability = "batch"         // SendBatch takes all or nothing
	CapabilityDelay        Capability = "delay"         // SendDelayed and AbandonDelayed
	CapabilityOrdering     Capability = "ordering"      // FIFO for one sender and one receiver
	CapabilityAtLeastOnce  Capability = "at_least_once" // a message is removed only when it is settled
	CapabilityDurable      Capability = "durable"       // messages outlive the process and the server's restart
)

// DeadLetterKind says how a message gets into the dead-letter queue.
type DeadLetterKind string

// The kinds of dead-lettering.
const (
	DeadLetterNone   DeadLetterKind = "none"   // not supported
	DeadLetterSafe   DeadLetterKind = "safe"   // written to the dead-letter queue, then removed: a crash in between may duplicate, never lose
	DeadLetterAtomic DeadLetterKind = "atomic" // one step: neither lost nor duplicated
)

// MessagingCapabilities declares what a queue can do. It does not change after it was made; the zero
// value declares nothing.
type MessagingCapabilities struct {
	declared   capabilitySet
	deadLetter DeadLetterKind
}

// capabilitySet has a bit for each capability, in the order of AllCapabilities.
type capabilitySet uint16

// bit is the place of the capability in a set; 0 for an unknown name. Every call on a queue asks for one.
func (name Capability) bit() capabilitySet {
	switch name {
	case CapabilityMessageCount:
		return 1 << 0
	case CapabilitySend:
		return 1 << 1
	case CapabilityReceive:
		return 1 << 2
	case CapabilityPeek:
		return 1 << 3
	case CapabilityPeekBatch:
		return 1 << 4
	case CapabilityRenewLock:
		return 1 << 5
	case CapabilityAbandon:
		return 1 << 6
	case CapabilityDeadLetter:
		return 1 << 7
	case CapabilityClear:
		return 1 << 8
	case CapabilityBatch:
		return 1 << 9
	case CapabilityDelay:
		return 1 << 10
	case CapabilityOrdering:
		return 1 << 11
	case CapabilityAtLeastOnce:
		return 1 << 12
	case CapabilityDurable:
		return 1 << 13
	default:
		return 0
	}
}

// NewMessagingCapabilities declares the nine capabilities of messaging-gox 1.0. Use With for the others.
func NewMessagingCapabilities(canMessageCount bool, canSend bool, canReceive bool,
	canPeek bool, canPeekBatch bool, canRenewLock bool, canAbandon bool,
	canDeadLetter bool, canClear bool,
) *MessagingCapabilities {
	c := newCapabilities(map[Capability]bool{
		CapabilityMessageCount: canMessageCount,
		CapabilitySend:         canSend,
		CapabilityReceive:      canReceive,
		CapabilityPeek:         canPeek,
		CapabilityPeekBatch:    canPeekBatch,
		CapabilityRenewLock:    canRenewLock,
		CapabilityAbandon:      canAbandon,
		CapabilityDeadLetter:   canDeadLetter,
		CapabilityClear:        canClear,
	}, DeadLetterNone)
	if canDeadLetter {
		c.deadLetter = DeadLetterSafe
	}
	return c
}

func newCapabilities(declared map[Capability]bool, deadLetter DeadLetterKind) *MessagingCapabilities {
	c := &MessagingCapabilities{deadLetter: deadLetter}
	for name, can := range declared {
		if can {
			c.declared |= name.bit()
		}
	}
	return c
}

// AllCapabilities lists every capability name, in the order of the documentation.
func AllCapabilities() []Capability {
	return []Capability{
		CapabilityMessageCount, CapabilitySend, CapabilityReceive, CapabilityPeek, CapabilityPeekBatch,
		CapabilityRenewLock, CapabilityAbandon, CapabilityDeadLetter, CapabilityClear, CapabilityBatch,
		CapabilityDelay, CapabilityOrdering, CapabilityAtLeastOnce, CapabilityDurable,
	}
}

// With returns a copy that declares the named capabilities too.
func (c *MessagingCapabilities) With(names ...Capability) *MessagingCapabilities {
	with := &MessagingCapabilities{deadLetter: c.DeadLetterKind()}
	if c != nil {
		with.declared = c.declared
	}
	for _, name := range names {
		with.declared |= name.bit()
	}
	if with.deadLetter == DeadLetterNone && with.CanDeadLetter() {
		with.deadLetter = DeadLetterSafe
	}
	return with
}

// Has tells whether the capability is declared; false for an unknown name.
func (c *MessagingCapabilities) Has(name Capability) bool {
	return c != nil && c.declared&name.bit() != 0
}

// Missing returns those of the required capabilities that are not declared, in the given order; an
// empty list when all are there.
func (c *MessagingCapabilities) Missing(required ...Capability) []Capability {
	return slices.DeleteFunc(slices.Clone(required), c.Has)
}

// DeadLetterKind says how messages get into the dead-letter queue.
func (c *MessagingCapabilities) DeadLetterKind() DeadLetterKind {
	if c == nil || c.deadLetter == "" {
		return DeadLetterNone
	}
	return c.deadLetter
}

// CanMessageCount tells whether ReadMessageCount works.
func (c *MessagingCapabilities) CanMessageCount() bool { return c.Has(CapabilityMessageCount) }

// CanSend tells whether Send works.
func (c *MessagingCapabilities) CanSend() bool { return c.Has(CapabilitySend) }

// CanReceive tells whether Receive and Listen work.
func (c *MessagingCapabilities) CanReceive() bool { return c.Has(CapabilityReceive) }

// CanPeek tells whether Peek works.
func (c *MessagingCapabilities) CanPeek() bool { return c.Has(CapabilityPeek) }

// CanPeekBatch tells whether PeekBatch works.
func (c *MessagingCapabilities) CanPeekBatch() bool { return c.Has(CapabilityPeekBatch) }

// CanRenewLock tells whether RenewLock works.
func (c *MessagingCapabilities) CanRenewLock() bool { return c.Has(CapabilityRenewLock) }

// CanAbandon tells whether Abandon works.
func (c *MessagingCapabilities) CanAbandon() bool { return c.Has(CapabilityAbandon) }

// CanDeadLetter tells whether MoveToDeadLetter works.
func (c *MessagingCapabilities) CanDeadLetter() bool { return c.Has(CapabilityDeadLetter) }

// CanClear tells whether Clear works.
func (c *MessagingCapabilities) CanClear() bool { return c.Has(CapabilityClear) }

// CanBatch tells whether SendBatch takes all messages or none.
func (c *MessagingCapabilities) CanBatch() bool { return c.Has(CapabilityBatch) }

// CanDelay tells whether SendDelayed and AbandonDelayed work.
func (c *MessagingCapabilities) CanDelay() bool { return c.Has(CapabilityDelay) }

// IsOrdered tells whether one sender's messages reach one receiver in the order of sending.
func (c *MessagingCapabilities) IsOrdered() bool { return c.Has(CapabilityOrdering) }

// IsAtLeastOnce tells whether a message stays in the queue until it is settled. A queue without it is
// at-most-once: a message handed out is gone.
func (c *MessagingCapabilities) IsAtLeastOnce() bool { return c.Has(CapabilityAtLeastOnce) }

// IsDurable tells whether messages outlive the process.
func (c *MessagingCapabilities) IsDurable() bool { return c.Has(CapabilityDurable) }

// String lists the declared capabilities, separated by commas.
func (c *MessagingCapabilities) String() string { return joinCapabilities(c.list()) }

func (c *MessagingCapabilities) list() []Capability {
	return slices.DeleteFunc(AllCapabilities(), func(name Capability) bool { return !c.Has(name) })
}

func joinCapabilities(names []Capability) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ",")
}
