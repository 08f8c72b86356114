package nats

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// NatsMessageQueue is a queue in a JetStream of NATS: a stream with work-queue retention and a durable consumer that
// all receivers share. Messages stay until they are settled, and outlive processes and the server's restarts.
//
// It is not ordered, as the contract has it: new messages come in the order of sending, and one that is given back
// comes before them, but several that are given back come in the order of giving back.
//
// Configuration parameters: name, queue, the options.* of every queue (docs/options.md of the core) and
// those of this kind (README.md), and
//
//	connection(s): protocol (nats, tls, ws, wss), host, port, uri, tls.*, discovery_key
//	credential(s): username, password, token, store_key
//	dependencies.connection: a NatsConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:nats, and *:message-queue for options.dead_letter_queue.
type NatsMessageQueue struct {
	*queues.MessageQueue
}

var _ queues.IMessageQueueOverrides = (*NatsMessageQueue)(nil)

// NewNatsMessageQueue makes a closed queue of that name.
func NewNatsMessageQueue(name string) *NatsMessageQueue {
	c := &NatsMessageQueue{}
	c.MessageQueue = queues.InheritMessageQueueWithStorage(c, name, newStorage())
	return c
}
