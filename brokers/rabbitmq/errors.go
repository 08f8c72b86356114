package rabbitmq

import (
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// failure gives an error of the client its sentinel, and what to do about it. What is none of the
// server's is of the connection.
func failure(err error) error {
	if err == nil || isClassified(err) {
		return err
	}
	if answer, ok := errors.AsType[*amqp.Error](err); ok {
		remedy, sentinel := classify(answer)
		return fmt.Errorf("%w%s: %w", sentinel, remedy, err)
	}
	return fmt.Errorf("%w: %w", queues.ErrNoConnection, err)
}

func isClassified(err error) bool {
	for _, sentinel := range []error{
		queues.ErrNoConnection, queues.ErrBadConfig, queues.ErrNotOpened, queues.ErrLockLost,
		queues.ErrMessageTooLarge, queues.ErrBadMessage, queues.ErrQueueFull, queues.ErrNotSupported,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// classify tells what an answer of the server means for a queue, and what to do about it.
func classify(answer *amqp.Error) (remedy string, sentinel error) {
	says := func(text string) bool { return strings.Contains(answer.Reason, text) }
	switch answer.Code {
	case amqp.AccessRefused:
		if says("permission") || says("access to") {
			return " (the user lacks a permission; grant it with rabbitmqctl set_permissions, or have someone else make what is needed and set " + optionAutoCreate + ": false)", queues.ErrBadConfig
		}
		if says("reserved") {
			return " (choose another name)", queues.ErrBadConfig
		}
		return " (the server refuses the user; check credential.username and credential.password; guest may only log in on the server's own machine)", queues.ErrNoConnection
	case amqp.NotAllowed:
		if says("vhost") {
			return " (check connection.vhost, or the path of connection.uri, and that the user may use it)", queues.ErrNoConnection
		}
		return "", queues.ErrNoConnection
	case amqp.NotFound:
		if says("down or inaccessible") || says("has no") || says("crashed") {
			return "", queues.ErrNoConnection // it will be back
		}
		return " (make it, or let opening do so with " + optionAutoCreate + ": true)", queues.ErrBadConfig
	case amqp.ResourceLocked:
		return " (the queue is another connection's only; see " + optionExclusive + ")", queues.ErrBadConfig
	case amqp.PreconditionFailed:
		switch {
		case says("larger than"):
			return " (the server's max_message_size)", queues.ErrMessageTooLarge
		case says("delivery tag"), says("acknowledgement"):
			return " (the server waits no longer than its consumer_timeout)", queues.ErrLockLost
		case says("inequivalent arg"):
			return " (it is there with other properties; set " + optionQueueType + ", " + optionPersistent + ", " + optionExclusive + ", " + optionAutoDelete + " and " + optionExchangeType +
				" as they are, set " + optionAutoCreate + ": false to take it as it is, or delete it)", queues.ErrBadConfig
		}
		return "", queues.ErrBadConfig
	case amqp.CommandInvalid: // what is not known of an exchange's type, among others
		return " (check " + optionExchangeType + ")", queues.ErrBadConfig
	case amqp.ContentTooLarge:
		return "", queues.ErrMessageTooLarge
	default:
		return "", queues.ErrNoConnection
	}
}

// isMissing tells that what was asked for is not there, as opposed to out of reach.
func isMissing(err error) bool {
	answer, ok := errors.AsType[*amqp.Error](err)
	return ok && answer.Code == amqp.NotFound && errors.Is(failure(err), queues.ErrBadConfig)
}
