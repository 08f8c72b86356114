// Package servertest tests package rabbitmq against real servers: go test -tags=brokers. It is a module of its
// own so that users of the queue need nothing of what the tests do.
package servertest
