// Package servertest tests the queues of brokers/postgres against a real server: make test-brokers. It is
// a module of its own, so that users of the queues do not get what only these tests need.
package servertest
