package work

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Wakeup measures how long a message takes from Send to a consumer that waits for it, and reports the
// median and the 99th percentile. ns/op would tell how long the pauses in between were, so it is left out.
func Wakeup(b *testing.B, peers []Peer) {
	for _, peer := range peers {
		b.Run("queue="+peer.Name, func(b *testing.B) {
			withQueue(b, peer, Setup{Capacity: 1}, func(b *testing.B, queue Queue) {
				took := wakeups(queue, b.N, max(peer.PollPeriod, time.Millisecond))
				b.ReportMetric(float64(percentile(took, 0.50)), "p50-ns")
				b.ReportMetric(float64(percentile(took, 0.99)), "p99-ns")
				b.ReportMetric(0, "ns/op")
			})
		})
	}
}

// wakeups sends count messages, each a moment after the consumer has begun to wait. The moment is
// random and as long as it takes a polling consumer to look again, so that none is met at its best or
// worst time.
func wakeups(queue Queue, count int, longest time.Duration) []time.Duration {
	const shortest = 200 * time.Microsecond // enough to fall asleep
	var (
		waits    = make(chan struct{})
		received = make(chan time.Time)
		payload  = make([]byte, payloadSize)
		took     = make([]time.Duration, count)
	)
	go func() {
		for range count {
			waits <- struct{}{}
			message, err := queue.Receive()
			now := time.Now()
			must(err)
			must(queue.Complete(message))
			received <- now
		}
	}()
	for i := range took {
		<-waits
		time.Sleep(shortest + rand.N(longest))
		sent := time.Now()
		must(queue.Send(payload))
		took[i] = (<-received).Sub(sent)
	}
	return took
}

// percentile returns the value that the given part of the values is not above.
func percentile(values []time.Duration, part float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}
