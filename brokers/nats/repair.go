package nats

import (
	"context"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// How often, and after what pause, taking is tried again when nobody answers, as for a moment after a
// restart of the server, and after how many failures the stream is taken for gone.
const (
	goneLimit   = 20
	gonePause   = 100 * time.Millisecond
	repairAfter = 10
)

// repair makes the stream and the consumer anew, if they are gone: streams in memory are, with their server.
func (s *session) repair(ctx context.Context, failures int) {
	if failures <= repairAfter || !s.create {
		return
	}
	s.repairing.Lock()
	defer s.repairing.Unlock()
	if time.Since(s.repaired) > time.Second {
		_, _, _ = s.plan.build(ctx, s.link.js, true) // whether it has worked shows in the next attempt
		s.repaired = time.Now()
	}
}

// retryPublishing lets a message be published again.
func (s *session) retryPublishing(ctx context.Context, failures int, err error) error {
	if errors.Is(err, natsgo.ErrNoResponders) {
		s.repair(ctx, failures)
	}
	return nil
}
