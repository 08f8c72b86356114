// Package servertest tests the queues of kinds nats and bare-nats against servers: one in this process, and,
// with the build tag brokers, real ones. It is a module of its own, so that nobody who uses the queues gets
// a server with them.
package servertest
