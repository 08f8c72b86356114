package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// explainBuilding gives an error of the server its sentinel and a way out.
func explainBuilding(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, queues.ErrBadConfig):
		return err
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, natsgo.ErrNoResponders):
		return fmt.Errorf("%w: the server has no JetStream, or not for this account; start it with -js, or use the kind bare-nats: %w", queues.ErrNotSupported, err)
	case isError(err, errSubjectOverlap):
		return fmt.Errorf("%w: another stream takes messages of this subject already; name that one in %s, or set another %s: %w",
			queues.ErrBadConfig, streamKey, subjectKey, err)
	}
	var answered jetstream.JetStreamError
	if errors.As(err, &answered) {
		return fmt.Errorf("%w: the server refuses the stream or consumer; see %s, %s and %s: %w",
			queues.ErrBadConfig, storageKey, replicasKey, autoCreateKey, err)
	}
	return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
}

// Codes of the server that the client library has no names for.
const (
	errNotUnique        jetstream.ErrorCode = 10100 // a second consumer on a work queue
	errMultipleFiltered jetstream.ErrorCode = 10099
	errMaxMessages      jetstream.ErrorCode = 10077 // the stream refuses a message: limits
	errBatchDuplicate   jetstream.ErrorCode = 10201
	errSubjectOverlap   jetstream.ErrorCode = 10065
)

// isError tells whether the server has answered with one of these codes.
func isError(err error, codes ...jetstream.ErrorCode) bool {
	var answered jetstream.JetStreamError
	if !errors.As(err, &answered) || answered.APIError() == nil {
		return false
	}
	return slices.Contains(codes, answered.APIError().ErrorCode)
}
