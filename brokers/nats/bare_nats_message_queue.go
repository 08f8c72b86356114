package nats

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// BareNatsMessageQueue is a subject of core NATS. It is at most once, and says so: what is sent while nobody is
// subscribed is gone, and so is what a receiver fails on or a process takes with it when it dies.
// Messages wait in memory, options.prefetch of them, until someone receives them.
//
// The queue subscribes at the first Receive or Listen, or at Open with options.autosubscribe.
//
// Configuration parameters: name, queue, the options.* of every queue and those of this kind (README.md), and
//
//	connection(s): protocol (nats, tls, ws, wss), host, port, uri, tls.*, discovery_key
//	credential(s): username, password, token, store_key
//	dependencies.connection: a NatsConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store, *:connection:nats.
type BareNatsMessageQueue struct {
	*queues.CachedMessageQueue
}

var _ queues.IMessageQueueOverrides = (*BareNatsMessageQueue)(nil)

// NewBareNatsMessageQueue makes a closed queue of that name.
func NewBareNatsMessageQueue(name string) *BareNatsMessageQueue {
	c := &BareNatsMessageQueue{}
	c.CachedMessageQueue = queues.InheritCachedMessageQueue(c, name, newBareStorage())
	return c
}
