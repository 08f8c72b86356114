// Package work is what the benchmarks of test/bench measure: the same work for every queue. It is a
// module of its own and needs the standard library only, because the two modules that use it cannot be
// one: messaging-gox 1.0 has the import path of this repository.
//
// The code around a queue is kept small, since it is measured with it: calls go through an interface
// (about 2 ns each), and what fails panics.
package work

import (
	"context"
	"fmt"
	"testing"
	"time"
)

type (
	// Queue is a queue that is measured. Its methods do what a user of that queue would write. A message
	// counts when its consumer has completed it.
	Queue interface {
		// Send makes a new message of payload and sends it. The queue may keep payload.
		Send(payload []byte) error

		// Receive waits for the next message.
		Receive() (message any, err error)

		// Complete acknowledges a received message.
		Complete(message any) error

		// Listen hands messages to handle, up to concurrency at a time, and completes those for which it
		// returns nil. It returns soon after ctx has ended.
		Listen(ctx context.Context, concurrency int, handle func(payload []byte) error) error

		// Close ends the queue and what runs for it.
		Close() error
	}

	// Setup is what a queue is wanted for, so that it can be given its best configuration.
	Setup struct {
		Capacity    int           // messages that it must take without waiting for a consumer; 0: does not matter
		SideBySide  bool          // producers and consumers run at the same time; else a Send is followed by a Receive
		Concurrency int           // of Listen; 0: no Listen
		LockTimeout time.Duration // 0: the queue's default
		Telemetry   Telemetry
	}

	// Telemetry is what watches a queue.
	Telemetry string

	// Peer is a kind of queue.
	Peer struct {
		Name string
		Open func(setup Setup) (Queue, error)

		PollPeriod time.Duration // a waiting consumer looks that often; 0: it is woken
		Locks      bool          // a received message that is not completed comes back after Setup.LockTimeout
		MaxDepth   int           // messages that it can hold on this machine; 0: as many as there is memory for
		Telemetry  []Telemetry   // what can watch it, besides nothing
	}
)

// What may watch a queue: nothing; the toolkit's console logger at level info and its LogCounters; and
// its LogTracer besides.
const (
	NoTelemetry       Telemetry = "none"
	LoggerAndCounters Telemetry = "logger+counters"
	AndTracer         Telemetry = "logger+counters+tracer"
)

// payloadSize is how many bytes a message has where nothing else is said.
const payloadSize = 100

// each runs a sub-benchmark for every peer.
func each(b *testing.B, peers []Peer, setup Setup, run func(b *testing.B, queue Queue)) {
	for _, peer := range peers {
		b.Run("queue="+peer.Name, func(b *testing.B) { withQueue(b, peer, setup, run) })
	}
}

func withQueue(b *testing.B, peer Peer, setup Setup, run func(b *testing.B, queue Queue)) {
	queue, err := peer.Open(setup)
	must(err)
	defer func() { must(queue.Close()) }()
	run(b, queue)
}

// cycle sends, receives and completes one message.
func cycle(queue Queue, payload []byte) {
	must(queue.Send(payload))
	consume(queue)
}

func consume(queue Queue) {
	message, err := queue.Receive()
	must(err)
	must(queue.Complete(message))
}

// measured runs a benchmark and reports, besides time and allocations, what processor time a message
// takes on all cores together: it hides no work in the background, and other programs on the machine
// disturb it less.
func measured(b *testing.B, run func()) {
	b.ReportAllocs()
	before := processorTime()
	run()
	if used := processorTime() - before; used > 0 {
		b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
	}
}

// must ends the process: a figure of a queue that failed means nothing.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("the queue that is measured failed: %v", err))
	}
}
