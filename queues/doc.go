// Package queues holds the queue contract of Pip.Services messaging and what implements it once for
// every broker.
//
// A service is written against [IMessageQueue]. What it gets from the container (memory, NATS,
// RabbitMQ, …) behaves the same: messages are locked while they are worked on, come back to their old
// place when a lock runs out or they are abandoned, and move to a dead-letter queue when nobody can
// handle them. docs/contract.md states the contract in full; test/conformance holds a queue to it.
//
// The package has three layers:
//
//   - [IMessageQueue] and its values: [MessageEnvelope], [MessagingCapabilities], [IMessageReceiver],
//     and the errors to test for with errors.Is.
//   - [MessageQueue], the base. All policy is here: life cycle, isolation, lock tokens, waiting, retry,
//     dead letters, listening, logs, counters and traces.
//   - [Storage], the contract between the base and a broker, with one optional interface for each
//     further ability. [MemoryMessageQueue] is the base over a storage in memory.
//
// Abilities beyond IMessageQueue are small optional interfaces with a helper that falls back where it
// can: [SendBatch], [ReceiveBatch], [SendDelayed], [AbandonDelayed], [DeadLetters], [Redrive].
package queues
