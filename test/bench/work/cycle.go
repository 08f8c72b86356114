package work

import (
	"bytes"
	"slices"
	"testing"
)

// Cycle sends, receives and completes in one goroutine, a new message of 100 bytes each time.
func Cycle(b *testing.B, peers []Peer) {
	each(b, peers, Setup{Capacity: 1}, func(b *testing.B, queue Queue) {
		payload := make([]byte, payloadSize)
		measured(b, func() {
			for b.Loop() {
				cycle(queue, payload)
			}
		})
	})
}

// Payload is Cycle with payloads of several sizes, each in memory of its own as an encoder makes it: a
// queue that hands over the sender's bytes has nothing to copy, but its sender cannot use them again.
func Payload(b *testing.B, peers []Peer) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"100B", 100}, {"10KB", 10 << 10}, {"1MB", 1 << 20}} {
		b.Run("size="+size.name, func(b *testing.B) {
			each(b, peers, Setup{Capacity: 1}, func(b *testing.B, queue Queue) {
				encoded := bytes.Repeat([]byte{'x'}, size.bytes)
				measured(b, func() {
					for b.Loop() {
						cycle(queue, bytes.Clone(encoded))
					}
				})
			})
		})
	}
}

// Watched is Cycle without and with telemetry, for the peers that know any.
func Watched(b *testing.B, peers []Peer) {
	for _, telemetry := range []Telemetry{NoTelemetry, LoggerAndCounters, AndTracer} {
		var able []Peer
		for _, peer := range peers {
			if len(peer.Telemetry) > 0 && (telemetry == NoTelemetry || slices.Contains(peer.Telemetry, telemetry)) {
				able = append(able, peer)
			}
		}
		if len(able) == 0 {
			continue
		}
		b.Run("with="+string(telemetry), func(b *testing.B) {
			each(b, able, Setup{Capacity: 1, Telemetry: telemetry}, func(b *testing.B, queue Queue) {
				payload := make([]byte, payloadSize)
				measured(b, func() {
					for b.Loop() {
						cycle(queue, payload)
					}
				})
			})
		})
	}
}
