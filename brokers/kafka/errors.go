package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fail says what was being done and gives an error of the client the sentinel that fits it.
func fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, classify(ctx, err))
}

// classify gives an error its sentinel, and says what to do about it.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, sentinel := range []error{
		queues.ErrNotOpened, queues.ErrLockLost, queues.ErrNoConnection, queues.ErrBadConfig, queues.ErrNotSupported, queues.ErrMessageTooLarge, queues.ErrBadMessage,
	} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	switch {
	case errors.Is(err, kgo.ErrClientClosed):
		return fmt.Errorf("%w: %w", queues.ErrNotOpened, err)
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return err
	}
	if answer, ok := errors.AsType[*kerr.Error](err); ok {
		if sentinel, remedy := meaning(answer); sentinel != nil {
			return fmt.Errorf("%w%s: %w", sentinel, remedy, err)
		}
		if !answer.Retriable {
			return err
		}
	}
	return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
}

const invalidTopic = " (a topic's name has up to 249 letters, digits, dots, dashes and underscores; set " + keyTopic + ")"

// meaning tells what an answer of the broker means for a queue; nil: nothing in particular.
func meaning(answer *kerr.Error) (sentinel error, remedy string) {
	switch answer {
	case kerr.SaslAuthenticationFailed, kerr.IllegalSaslState, kerr.UnsupportedSaslMechanism:
		return queues.ErrNoConnection, " (the broker refuses the user; check credential.username, credential.password and credential.mechanism)"
	case kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed:
		return queues.ErrBadConfig, " (the user lacks a permission; README.md of brokers/kafka lists those that are needed)"
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID:
		return queues.ErrBadConfig, " (there is no such topic or partition; create it, or set " + optionAutoCreate + ": true and open the queue again)"
	case kerr.InvalidTopicException:
		return queues.ErrBadConfig, invalidTopic
	case kerr.InvalidReplicationFactor:
		return queues.ErrBadConfig, " (the cluster has fewer brokers; lower " + optionReplication + ")"
	case kerr.MessageTooLarge, kerr.RecordListTooLarge:
		return queues.ErrMessageTooLarge, " (raise max.message.bytes of the topic, or send less)"
	case kerr.UnsupportedVersion:
		return queues.ErrNotSupported, " (the broker is too old for this; share groups need Kafka 4.2)"
	case kerr.InvalidRecordState:
		return queues.ErrLockLost, ""
	case kerr.GroupIDNotFound, kerr.InconsistentGroupProtocol:
		return queues.ErrBadConfig, " (the group is of another kind: consumers of one group must use the same " + optionMode + "; set it, or another " + keyGroupId + ")"
	}
	return nil, ""
}
