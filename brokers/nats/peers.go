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
			_ = asked.Respond(packOut(s.held.sequences(), s.later.sequences())) // who does not hear of it takes it for ready
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

// out is the messages that are out and not ready, by sequence: whether one waits to be delivered again later.
type out map[uint64]bool

// known is what this session knows of.
func (s *session) known() out {
	known := out{}
	known.add(packOut(s.held.sequences(), s.later.sequences()))
	return known
}

// allKnown is what all open queues know of. number is how many messages are out.
func (s *session) allKnown(ctx context.Context, number int) out {
	all := s.known()
	if len(all) >= number {
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
	for first := true; len(all) < number; first = false {
		waiting, cancel := context.WithDeadline(ctx, began.Add(patience))
		answer, err := sub.NextMsgWithContext(waiting)
		cancel()
		if err != nil {
			break
		}
		all.add(answer.Data)
		if first {
			patience = max(peersPatience, slowerPeers*time.Since(began))
		}
	}
	return all
}

// waiting counts those that wait to be delivered again later.
func (o out) waiting() (number int) {
	for _, later := range o {
		if later {
			number++
		}
	}
	return number
}

// packOut writes sequences as differences, which are small: of what is held, and, after a 0, of what waits.
func packOut(held, later []uint64) []byte {
	packed := packSequences(nil, held)
	return packSequences(append(packed, 0), later)
}

func packSequences(packed []byte, sequences []uint64) []byte {
	slices.Sort(sequences)
	last := uint64(0)
	for _, sequence := range sequences {
		packed = binary.AppendUvarint(packed, sequence-last)
		last = sequence
	}
	return packed
}

// add reads what packOut has written, as far as it is ours.
func (o out) add(packed []byte) {
	last, later := uint64(0), false
	for len(packed) > 0 {
		difference, n := binary.Uvarint(packed)
		if n <= 0 {
			return
		}
		packed = packed[n:]
		if difference == 0 {
			last, later = 0, true
			continue
		}
		last += difference
		o[last] = later
	}
}
