package bench

import (
	"testing"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/bench/work"
)

var peers = []work.Peer{ours, channel, contract, watermillGochannel, goCDK}

func BenchmarkCycle(b *testing.B)     { work.Cycle(b, peers) }
func BenchmarkTransfer(b *testing.B)  { work.Transfer(b, peers) }
func BenchmarkWakeup(b *testing.B)    { work.Wakeup(b, peers) }
func BenchmarkListen(b *testing.B)    { work.Listen(b, peers) }
func BenchmarkDepth(b *testing.B)     { work.Depth(b, peers) }
func BenchmarkExpiry(b *testing.B)    { work.Expiry(b, peers) }
func BenchmarkPayload(b *testing.B)   { work.Payload(b, peers) }
func BenchmarkTelemetry(b *testing.B) { work.Watched(b, peers) }

// TestBenchmarks keeps the benchmarks from rotting.
func TestBenchmarks(t *testing.T) {
	t.Parallel()
	work.Smoke(t, "BenchmarkCycle/queue=ours", "/queue=channel", "/queue=contract", "/queue=gochannel", "/queue=mempubsub",
		"BenchmarkTransfer/", "BenchmarkWakeup/", "BenchmarkListen/", "BenchmarkDepth/", "BenchmarkExpiry/",
		"BenchmarkPayload/", "BenchmarkTelemetry/")
}
