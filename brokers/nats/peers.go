package nats

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// The server tells how many messages are out, but not which, nor whether somebody works on them or they wait
// to be delivered again. Each open queue knows what it holds itself, and answers others that ask. Nobody
// asks when what is out is no more than what the one who wants to know holds.

// peersSubject is where open queues are asked for what they hold. It is no subject of a stream.
func (b *blueprint) peersSubject() string { return "_PIP.held." + b.stream }

// How long answers are waited for that account for all that is out: the first one, which this process gives itself,
// and then the others, in proportion to how long the first one took.
const (
	firstPatience = time.Second
	peersPatience = 100 * time.Millisecond
	slowerPeers   = 5
)

// answerPeers answers others until ctx ends.
func (s *session) answerPeers(ctx context.Context) error {
	sub, err := s.link.conn.Subscribe(s.plan.peersSubject(), func(asked *natsgo.Msg) {
		if asked.Reply != "" {
			_ = asked.Respond(packSequences(s.unavailable())) // who does not hear of it takes it for ready
		}
	})
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(closed) })
	s.tasks.Go(func() {
		<-ctx.Done()
		if sub.Unsubscribe() == nil {
			<-closed
		}
	})
	return nil
}

// unavailable lists the messages that are out and not ready, as far as this storage knows.
func (s *session) unavailable() []uint64 {
	return append(s.held.sequences(), s.later.sequences()...)
}

// allUnavailable is unavailable of all open queues. out is how many messages are out.
func (s *session) allUnavailable(ctx context.Context, out int) map[uint64]bool {
	all := map[uint64]bool{}
	for _, sequence := range s.unavailable() {
		all[sequence] = true
	}
	if len(all) >= out {
		return all
	}
	inbox := s.link.conn.NewInbox()
	sub, err := s.link.conn.SubscribeSync(inbox)
	if err != nil {
		return all
	}
	defer func() { _ = sub.Unsubscribe() }()
	if s.link.conn.PublishRequest(s.plan.peersSubject(), inbox, nil) != nil {
		return all
	}
	began, patience := time.Now(), firstPatience
	for first := true; len(all) < out; first = false {
		waiting, cancel := context.WithDeadline(ctx, began.Add(patience))
		answer, err := sub.NextMsgWithContext(waiting)
		cancel()
		if err != nil {
			break
		}
		for _, sequence := range unpackSequences(answer.Data) {
			all[sequence] = true
		}
		if first {
			patience = max(peersPatience, slowerPeers*time.Since(began))
		}
	}
	return all
}

// packSequences writes sequences as differences, which are small.
func packSequences(sequences []uint64) []byte {
	slices.Sort(sequences)
	var packed []byte
	last := uint64(0)
	for _, sequence := range sequences {
		packed = binary.AppendUvarint(packed, sequence-last)
		last = sequence
	}
	return packed
}

func unpackSequences(packed []byte) []uint64 {
	var sequences []uint64
	last := uint64(0)
	for len(packed) > 0 {
		difference, n := binary.Uvarint(packed)
		if n <= 0 {
			break // it is not ours
		}
		last += difference
		sequences = append(sequences, last)
		packed = packed[n:]
	}
	return sequences
}
