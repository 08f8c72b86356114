// Package services runs one service, the program of example/container, over every kind of queue and
// compares what it observes, event by event, with what it observes over memory. It is one binary for all:
// what differs is the container file.
//
// The service is played through a few stories: work and dead letters, work that succeeds at the third
// attempt, a stop in the middle of work and a new start. Where a record differs from memory's there must be
// a capability that one of the two kinds declares and the other does not, which is named; everything else
// fails the test.
//
// Without a tag there is memory only, held to what the contract promises. Kinds that need servers run with
// -tags=brokers.
package services
