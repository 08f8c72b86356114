// Package servertest runs mq as a process against servers: NATS in this process, and with the tag brokers
// real ones. It is a module of its own so that their code is no requirement of mq.
//
// It also writes docs/mq.md, from real runs.
package servertest

//go:generate go test -count=1 -run ^TestTheScreensInTheDocumentationAreReal$ . -update
