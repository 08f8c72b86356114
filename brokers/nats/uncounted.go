package nats

import (
	"context"
	"errors"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The server counts every delivery. How many of those of a message do not count is kept in its stream, on a
// subject that has the sequence of the message in it. There is such a record only of messages that were
// given back uncounted, so that only a message that comes again is looked up.

func (s *session) uncountedSubject(sequence uint64) string {
	return s.plan.subject + uncountedSuffix + strconv.FormatUint(sequence, 10)
}

// lookUpUncounted finds out how many deliveries of a message do not count. When that cannot be had, all do.
func (s *session) lookUpUncounted(ctx context.Context, h *held) {
	if h.delivered < 2 || !s.keepsUncounted {
		return
	}
	var record *jetstream.RawStreamMsg
	err := s.call(context.WithoutCancel(ctx), func(ctx context.Context) (err error) { // the message is here, whatever becomes of ctx
		record, err = s.stream.GetLastMsgForSubject(ctx, s.uncountedSubject(h.sequence))
		return err
	})
	if err != nil {
		return
	}
	h.uncounted, _ = strconv.ParseUint(string(record.Data), 10, 64)
}

// forgetUncounted removes the record of a message that is done. What stays behind in a failure is
// harmless: sequences are not used again, and Clear removes it.
func (s *session) forgetUncounted(ctx context.Context, h *held) {
	if h.uncounted == 0 || !s.keepsUncounted {
		return
	}
	limited, cancel := s.link.limit(ctx)
	defer cancel()
	_ = s.stream.Purge(limited, jetstream.WithPurgeSubject(s.uncountedSubject(h.sequence)))
}

// recordUncounted notes that the present delivery does not count either.
func (s *session) recordUncounted(ctx context.Context, h *held) error {
	if !s.keepsUncounted {
		return nil
	}
	record := &natsgo.Msg{Subject: s.uncountedSubject(h.sequence), Data: strconv.AppendUint(nil, h.uncounted+1, 10)}
	err := s.publish(ctx, record)
	if errors.Is(err, errStreamFull) {
		return nil // rather a delivery too many than a message that does not come back
	}
	return err
}
