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
		if remedy, sentinel := meaning(answer); sentinel != nil {
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
func meaning(answer *kerr.Error) (remedy string, sentinel error) {
	switch answer {
	case kerr.SaslAuthenticationFailed, kerr.IllegalSaslState, kerr.UnsupportedSaslMechanism:
		return " (the broker refuses the user; check credential.username, credential.password and credential.mechanism)", queues.ErrNoConnection
	case kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed:
		return " (the user lacks a permission; README.md of brokers/kafka lists those that are needed)", queues.ErrBadConfig
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID:
		return " (there is no such topic or partition; create it, or set " + optionAutoCreate + ": true and open the queue again)", queues.ErrBadConfig
	case kerr.InvalidTopicException:
		return invalidTopic, queues.ErrBadConfig
	case kerr.InvalidReplicationFactor:
		return " (the cluster has fewer brokers; lower " + optionReplication + ")", queues.ErrBadConfig
	case kerr.MessageTooLarge, kerr.RecordListTooLarge:
		return " (raise max.message.bytes of the topic, or send less)", queues.ErrMessageTooLarge
	case kerr.UnsupportedVersion:
		return " (the broker is too old for this; share groups need Kafka 4.2)", queues.ErrNotSupported
	case kerr.InvalidRecordState:
		return "", queues.ErrLockLost
	case kerr.GroupIDNotFound, kerr.InconsistentGroupProtocol:
		return " (the group is of another kind: consumers of one group must use the same " + optionMode + "; set it, or another " + keyGroupId + ")", queues.ErrBadConfig
	}
	return "", nil
}
