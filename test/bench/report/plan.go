package main

import (
	"strings"
	"time"
)

// peer is a queue that is measured: a column of the table.
type peer struct {
	name   string // in the names of benchmarks: queue=name
	title  string // for readers
	module string // the folder of its benchmarks, below test/bench
	polls  bool   // a waiting consumer looks now and then
	steady string // -benchtime of what runs side by side, where the first and the last wait need averaging out
}

const (
	ours      = "ours"     // the peer that the others are compared with
	yardstick = "contract" // what keeps the contract of one message and nothing else
)

var peers = []peer{
	{name: ours, title: "this queue", module: "."},
	{name: "channel", title: "Go channel", module: "."},
	{name: yardstick, title: "Go channel with the contract", module: "."},
	{name: "gochannel", title: "Watermill gochannel", module: "."},
	{name: "mempubsub", title: "Go CDK mempubsub", module: ".", polls: true, steady: "100000x"},
	{name: "v1.0.0", title: "messaging-gox 1.0", module: "v100", polls: true, steady: "500000x"},
}

// Units, as golang.org/x/perf tidies them.
const (
	seconds   = "sec/op"
	processor = "cpu-sec/op" // of all cores together
	median    = "p50-sec"
	high      = "p99-sec"
	pause     = "pause-sec"
	overhead  = "overhead-B/msg"
	allocated = "allocs/op"
)

// row is a line of the table: one unit of one benchmark.
type row struct {
	letter  string // groups rows that belong together
	text    string
	bench   string // name without "Benchmark" and without "/queue=…"
	unit    string
	instead map[string]string // benchmarks of peers that cannot do this one but one like it
	onChart bool
}

// benchOf is the name of the benchmark that gives the row's figure for a peer.
func (r row) benchOf(peer string) string {
	if bench, ok := r.instead[peer]; ok {
		return bench
	}
	return r.bench
}

const deepest = "Depth/depth=1000000"

// gochannel starts two goroutines for each message that waits.
var shallower = map[string]string{"gochannel": "Depth/depth=10000"}

var rows = []row{
	{"a", "Send, Receive, Complete in one goroutine", "Cycle", seconds, nil, true},
	{"a", "allocations of that", "Cycle", allocated, nil, false},
	{"b", "1 producer, 1 consumer", "Transfer/goroutines=1x1", seconds, nil, true},
	{"c", "4 producers, 4 consumers", "Transfer/goroutines=4x4", seconds, nil, true},
	{"d", "64 producers, 64 consumers", "Transfer/goroutines=64x64", seconds, nil, true},
	{"e", "Send to a waiting consumer, median", "Wakeup", median, nil, true},
	{"e", "Send to a waiting consumer, 99th percentile", "Wakeup", high, nil, true},
	{"f", "1 producer, Listen, concurrency 1", "Listen/concurrency=1", seconds, nil, true},
	{"f", "1 producer, Listen, concurrency 8", "Listen/concurrency=8", seconds, nil, true},
	{"g", "(a) over 1 waiting message", "Depth/depth=1", seconds, nil, false},
	{"g", "(a) over 1 000 waiting messages", "Depth/depth=1000", seconds, nil, false},
	{"g", "(a) over 1 000 000 waiting messages", deepest, seconds, shallower, true},
	{"g", "memory of each, over its payload", deepest, overhead, shallower, false},
	{"h", "longest pause of a call, nothing locked", "Expiry/locked=0", pause, nil, false},
	{"h", "longest pause of a call, 100 000 locks running out", "Expiry/locked=100000", pause, nil, false},
	{"h", "the same with the garbage collector off", "Expiry/locked=100000/collector=off", pause, nil, false},
	{"i", "(a) with new payloads of 100 B", "Payload/size=100B", seconds, nil, false},
	{"i", "(a) with new payloads of 10 KB", "Payload/size=10KB", seconds, nil, true},
	{"i", "(a) with new payloads of 1 MB", "Payload/size=1MB", seconds, nil, true},
	{"j", "(a) with nothing attached", "Telemetry/with=none", seconds, nil, false},
	{"j", "(a) with a logger at info and LogCounters", "Telemetry/with=logger+counters", seconds, nil, false},
	{"j", "(a) with these and a LogTracer", "Telemetry/with=logger+counters+tracer", seconds, nil, false},
}

// processorRows are the rows whose processor time was measured too.
func processorRows() (list []row) {
	for _, row := range rows {
		if row.unit == seconds {
			row.unit = processor
			list = append(list, row)
		}
	}
	return list
}

// benchTime is the -benchtime of a benchmark.
func benchTime(bench string, peer peer, usual time.Duration) string {
	switch {
	case bench == "Wakeup" && peer.polls:
		return "16x" // each takes as long as it polls
	case bench == "Wakeup":
		return "500x"
	case strings.HasPrefix(bench, "Expiry/"):
		return "1x"
	case peer.steady != "" && (strings.HasPrefix(bench, "Transfer/") || strings.HasPrefix(bench, "Listen/")):
		return peer.steady
	default:
		return usual.String()
	}
}

// note says what differs when a peer does some work.
type note struct {
	peer    string
	letters string // of the rows; empty: all
	text    string
}

var notes = []note{
	{ours, "", "Default options. Every payload is copied twice, on Send and on Receive: the sender may use its buffer again, and no receiver can change what another one gets."},
	{"channel", "", "The physical limit, not a queue: the hand-over of a pointer through a buffer of 1 024 (in (g), of the depth). Nothing is acknowledged, locked, counted or copied."},
	{yardstick, "", "Not a queue either, but what is left to win without giving up the contract: a channel, and for every message an id, the time, a copy that is safe from the sender, an envelope and a copy for the consumer, and a lock until it completes the message. Nothing runs out or comes back."},
	{"gochannel", "", "One subscription, which all consumers read; a second one would get every message too. Consumers get the sender's bytes. There are no locks, the order is not kept. The logger is `NopLogger`."},
	{"gochannel", "bcdf", "With `BlockPublishUntilSubscriberAck` and an output buffer of 1 024, the fastest of its configurations: one message is under way at a time."},
	{"gochannel", "aegi", "`Publish` must not wait here, so it starts two goroutines for each message and leaves it to them."},
	{"gochannel", "g", "The deepest backlog is 10 000 messages instead of 1 000 000, which would take some 6 GB and minutes to hand out."},
	{"gochannel", "h", "Not possible: it has no locks that could run out."},
	{"gochannel", "j", "Not compared: it is watched with other tools than the toolkit's."},
	{"mempubsub", "", "Consumers get the sender's bytes; the order is not kept. `Ack` returns before it is carried out, in the background; it counts when it was asked for. A consumer that finds nothing sleeps for 250 ms."},
	{"mempubsub", "bcdf", "With its default options: consumers fetch batches ahead. It was measured over 100 000 messages, so that the sleeps average out."},
	{"mempubsub", "aeghi", "With batches of one: by default a fetch ahead that finds nothing would hold up most calls for 250 ms."},
	{"mempubsub", "h", "Locks that ran out are noticed when somebody fetches; each fetch looks through all locked messages."},
	{"mempubsub", "j", "Not compared: it is watched with other tools than the toolkit's."},
	{"channel", "h", "Not possible: it has no locks."},
	{"channel", "j", "Not possible: nothing watches it."},
	{yardstick, "h", "Not possible: its locks do not run out."},
	{yardstick, "j", "Not possible: nothing watches it."},
	{"v1.0.0", "", "Consumers get the sender's own envelope, which Send has changed. A consumer that finds nothing sleeps for 100 ms, and goes on far beyond its time-out, so no work here lets one wait in vain."},
	{"v1.0.0", "f", "It has no concurrency and does not complete messages: the receiver completes, and 8 listeners are started for the second row."},
	{"v1.0.0", "h", "Not possible: its locks never run out, the messages stay away for good."},
	{"v1.0.0", "j", "It has no tracer."},
}

// goal is what the queue is held to.
type goal struct {
	letter  string
	text    string
	atLeast bool // the limit is the least, not the most
	limit   float64
	unit    string // of the limit; empty: a factor
	measure measure
	beside  []reading
}

// reading is a figure to read another one by.
type reading struct {
	label   string
	measure measure
}

// measure finds a figure in the results.
type measure func(r *results) (value float64, ok bool)

const byProcessor = "by processor time"

var goals = []goal{
	faster("a", "messaging-gox 1.0", 4.5, "Cycle", "v1.0.0"),
	{"a", "allocations for a message", false, 5, allocated, figure("Cycle", allocated), nil},
	faster("b", "gochannel, 1 × 1", 15, "Transfer/goroutines=1x1", "gochannel"),
	faster("b", "mempubsub, 1 × 1", 15, "Transfer/goroutines=1x1", "mempubsub"),
	faster("c", "gochannel, 4 × 4", 15, "Transfer/goroutines=4x4", "gochannel"),
	faster("c", "mempubsub, 4 × 4", 15, "Transfer/goroutines=4x4", "mempubsub"),
	{"e", "from Send to a waiting consumer, median", false, 20e-6, median, figure("Wakeup", median), nil},
	{"e", "from Send to a waiting consumer, 99th percentile", false, 500e-6, high, figure("Wakeup", high), nil},
	{"g", "memory of a waiting message over its payload", false, 160, overhead, figure(deepest, overhead), nil},
	costs("g", "with 1 000 000 waiting, times that with 1", 1.3, deepest, "Depth/depth=1"),
	{
		"h", "longest pause while 100 000 locks run out", false, 2e-3, pause,
		figure("Expiry/locked=100000", pause),
		[]reading{
			{"with the garbage collector off", figure("Expiry/locked=100000/collector=off", pause)},
			{"with nothing locked", figure("Expiry/locked=0", pause)},
		},
	},
	costs("j", "with logger and counters, times that without", 1.5, "Telemetry/with=logger+counters", "Telemetry/with=none"),
}

// faster is the goal to be so many times faster than a peer.
func faster(letter, than string, limit float64, bench, peer string) goal {
	ratio := func(to, unit string) measure { return ratioOf(bench, peer, bench, to, unit) }
	return goal{letter, "times faster than " + than, true, limit, "", ratio(ours, seconds), []reading{
		{byProcessor, ratio(ours, processor)},
		{"for a channel with the contract", ratio(yardstick, seconds)},
	}}
}

// costs is the goal that one of our benchmarks takes no more than so many times as long as another.
func costs(letter, text string, limit float64, bench, other string) goal {
	ratio := func(unit string) measure { return ratioOf(bench, ours, other, ours, unit) }
	return goal{letter, "cost " + text, false, limit, "", ratio(seconds), []reading{{byProcessor, ratio(processor)}}}
}

// figure is our figure of a benchmark.
func figure(bench, unit string) measure {
	return func(r *results) (float64, bool) {
		m, ok := r.measured(bench, ours, unit)
		return m.Center, ok
	}
}

// ratioOf is a peer's figure of a benchmark to another peer's of another one.
func ratioOf(bench, peer, toBench, toPeer, unit string) measure {
	return func(r *results) (float64, bool) {
		one, ok := r.measured(bench, peer, unit)
		two, both := r.measured(toBench, toPeer, unit)
		return one.Center / two.Center, ok && both
	}
}
