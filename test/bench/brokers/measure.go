package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// plan is how much is measured.
type plan struct{ Messages, Rounds int }

// result is what was measured of a kind: messages each second, by work and peer, one for each round.
type result struct {
	kind  kind
	rates map[work]map[string][]float64
}

type work string

const (
	sending   work = "send"
	listening work = "listen"
)

// turnLimit is how long a turn may take: who does not get through has lost messages.
const turnLimit = 2 * time.Minute

// measure has the peers of a kind take their turns on a server of its own.
func measure(ctx context.Context, kind kind, plan plan) (measured result, err error) {
	server, err := servers.Start(kind.server, servers.WithConfig(kind.config...))
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	measured = result{kind, map[work]map[string][]float64{sending: {}, listening: {}}}
	for round := range plan.Rounds {
		// Who begins is not always the same.
		for i := range kind.peers {
			peer := kind.peers[(i+round)%len(kind.peers)]
			name := fmt.Sprintf("bench-%s-%d", peer.name[:1], round)
			send, listen, err := turn(ctx, peer, server, name, plan.Messages)
			if err != nil {
				return result{}, fmt.Errorf("%s, round %d: %w", peer.name, round+1, err)
			}
			measured.rates[sending][peer.name] = append(measured.rates[sending][peer.name], send)
			measured.rates[listening][peer.name] = append(measured.rates[listening][peer.name], listen)
		}
	}
	return measured, nil
}

// turn has a peer send messages and receive them, and returns how many it got through in a second.
func turn(ctx context.Context, peer peer, server *servers.Server, name string, count int) (send, listen float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	line, err := peer.open(ctx, server, name)
	if err != nil {
		return 0, 0, fmt.Errorf("opening: %w", err)
	}
	defer func() { err = errors.Join(err, line.close()) }()

	payload := make([]byte, payloadSize)
	began := time.Now()
	if err := inParallel(ctx, senders, count, func(ctx context.Context) error { return line.send(ctx, payload) }); err != nil {
		return 0, 0, fmt.Errorf("sending: %w", err)
	}
	send = float64(count) / time.Since(began).Seconds()

	took, err := receiveAll(ctx, line, count, peer.groups)
	if err != nil {
		return 0, 0, fmt.Errorf("listening: %w", err)
	}
	return send, float64(count-1) / took.Seconds(), nil
}

// receiveAll returns how long it took from the first message to the last one, or to the end of listening: how long
// it takes to join a group is no matter of speed.
func receiveAll(ctx context.Context, line line, count int, untilEnd bool) (time.Duration, error) {
	listening, stop := context.WithCancel(ctx)
	defer stop()
	var received, first, last atomic.Int64
	err := line.listen(listening, func() {
		switch received.Add(1) {
		case 1:
			first.Store(time.Now().UnixNano())
		case int64(count):
			last.Store(time.Now().UnixNano())
			stop()
		}
	})
	if untilEnd {
		last.Store(time.Now().UnixNano())
	}
	if got := received.Load(); got < int64(count) {
		return 0, errors.Join(fmt.Errorf("%d of %d messages were received", got, count), err, ctx.Err())
	}
	return time.Duration(last.Load() - first.Load()), err
}

// median of figures, of which there must be one.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

// ratio is the median over all rounds of how much faster the first peer is than another one.
func (r result) ratio(work work, peer string) float64 {
	ratios := make([]float64, len(r.rates[work][peer]))
	for i, rate := range r.rates[work][peer] {
		ratios[i] = r.rates[work][queuePeer][i] / rate
	}
	return median(ratios)
}
