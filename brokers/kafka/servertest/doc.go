// Package servertest holds queues in Kafka to the contract: against a broker inside the test process, which
// needs nothing installed, and, with the build tag brokers, against a real one that is killed on the way.
// It is a module of its own, so that what it needs does not reach users of the queue.
package servertest
