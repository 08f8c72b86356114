package work

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// Expiry measures the longest pause of Send, Receive and Complete while the locks of many messages run
// out at about the same time; the same without the garbage collector, which is the queue's own part; and
// without locks: what the machine does by itself.
func Expiry(b *testing.B, peers []Peer) {
	for _, work := range []struct {
		name      string
		locked    int
		collector bool
	}{
		{"locked=0", 0, true},
		{fmt.Sprintf("locked=%d", manyLocked()), manyLocked(), true},
		{fmt.Sprintf("locked=%d/collector=off", manyLocked()), manyLocked(), false},
	} {
		for _, peer := range peers {
			if !peer.Locks {
				continue
			}
			b.Run(work.name+"/queue="+peer.Name, func(b *testing.B) {
				if !work.collector {
					runtime.GC()
					defer debug.SetGCPercent(debug.SetGCPercent(-1))
				}
				var longest time.Duration
				for b.Loop() {
					withQueue(b, peer, Setup{Capacity: work.locked + 1, LockTimeout: expiryTimeout()},
						func(b *testing.B, queue Queue) { longest = max(longest, longestPause(queue, work.locked)) })
				}
				b.ReportMetric(float64(longest), "pause-ns")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func manyLocked() int {
	if testing.Short() {
		return 1000
	}
	return 100_000
}

func expiryTimeout() time.Duration {
	if testing.Short() {
		return 50 * time.Millisecond
	}
	return time.Second
}

// longestPause locks messages, and then sends, receives and completes others until the locks have run
// out, timing each call.
func longestPause(queue Queue, locked int) time.Duration {
	fill(queue, locked)
	held := make([]any, locked)
	for i := range held {
		var err error
		held[i], err = queue.Receive()
		must(err)
	}

	payload := make([]byte, payloadSize)
	var longest time.Duration
	end := time.Now().Add(expiryTimeout() + expiryTimeout()/2)
	for last := time.Now(); last.Before(end); {
		timed := func() {
			now := time.Now()
			longest = max(longest, now.Sub(last))
			last = now
		}
		must(queue.Send(payload))
		timed()
		message, err := queue.Receive()
		must(err)
		timed()
		must(queue.Complete(message))
		timed()
	}
	for _, message := range held {
		_ = queue.Complete(message) // too late, but mempubsub complains of messages that nobody has tried to
	}
	return longest
}
