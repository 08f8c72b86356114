package mqtt

import (
	"context"
	"errors"
	"fmt"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// ErrNoSubscribers: the server has thrown the message away because nobody subscribes to the topic, and
// the queue's own sessions, which should, could not be made again. The message was not taken.
var ErrNoSubscribers = errors.New("no subscribers")

// explainRefusal gives what the server answered to CONNECT its sentinel and a way out. final says that trying
// again would not help.
func explainRefusal(err error) (explained error, final bool) {
	var refused *autopaho.ConnackError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%w: %w", queues.ErrNoConnection, connect.Explain(err)), false
	}
	switch refused.ReasonCode {
	case packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized, packets.ConnackBadAuthenticationMethod:
		return fmt.Errorf("%w: the server refuses credential.username and credential.password: %w", queues.ErrNoConnection, err), true
	case packets.ConnackBanned:
		return fmt.Errorf("%w: the server has banned this client: %w", queues.ErrNoConnection, err), true
	case packets.ConnackUnsupportedProtocolVersion, 1: // 1 is how servers of version 3 say it
		return fmt.Errorf("%w: the server does not speak MQTT 5, which is needed; Mosquitto does since 1.6: %w", queues.ErrNotSupported, err), true
	case packets.ConnackInvalidClientID:
		return fmt.Errorf("%w: the server does not accept the client id; set another %s: %w", queues.ErrBadConfig, keyClientId, err), true
	case packets.ConnackPacketTooLarge, packets.ConnackQoSNotSupported, packets.ConnackRetainNotSupported, packets.ConnackTopicNameInvalid:
		return fmt.Errorf("%w: the server does not accept the will message; see %s, %s and %s: %w", queues.ErrBadConfig, keyWillTopic, keyWillQoS, keyWillRetain, err), true
	default:
		return fmt.Errorf("%w: %w", queues.ErrNoConnection, err), false
	}
}

// explainPublish gives a refusal of a message its sentinel; nil for a message that was taken.
func explainPublish(topic string, response *paho.PublishResponse) error {
	if response == nil || response.ReasonCode < 0x80 {
		return nil
	}
	refusal := fmt.Errorf("the server refuses a message for topic %q with reason 0x%02x", topic, response.ReasonCode)
	switch response.ReasonCode {
	case packets.PubackNotAuthorized:
		return fmt.Errorf("%w: %w: the user may not publish there; grant it or set another topic", queues.ErrNotSupported, refusal)
	case packets.PubackTopicNameInvalid:
		return fmt.Errorf("%w: %w: it does not accept the topic", queues.ErrNotSupported, refusal)
	case packets.PubackQuotaExceeded:
		return fmt.Errorf("%w: %w: a quota is used up", queues.ErrQueueFull, refusal)
	default:
		return refusal
	}
}

// explainSubscription gives a refusal of a subscription its sentinel; nil if it was granted as asked.
func explainSubscription(filter string, qos byte, answer *paho.Suback, err error) error {
	if answer == nil || len(answer.Reasons) == 0 {
		return err
	}
	switch reason := answer.Reasons[0]; {
	case reason == packets.SubackNotauthorized:
		return fmt.Errorf("%w: the server does not let this user subscribe to %q; grant it, or see topic and %s", queues.ErrBadConfig, filter, keyRegistry)
	case reason == packets.SubackSharedSubscriptionnotsupported:
		return fmt.Errorf("%w: the server has no shared subscriptions; leave out group, and %s above 1", queues.ErrNotSupported, keySessions)
	case reason == packets.SubackWildcardsubscriptionsnotsupported:
		return fmt.Errorf("%w: the server has no subscriptions with wildcards, as in %q", queues.ErrNotSupported, filter)
	case reason >= 0x80:
		return fmt.Errorf("%w: the server refuses to subscribe to %q with reason 0x%02x", queues.ErrBadConfig, filter, reason)
	case reason < qos:
		return fmt.Errorf("%w: the server grants quality of service %d only; lower %s, which is %d", queues.ErrNotSupported, reason, keyQoS, qos)
	default:
		return err
	}
}

// lost says that the connection is away; the caller's own ctx comes first.
func lost(ctx context.Context, doing string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, queues.ErrNoConnection), errors.Is(err, queues.ErrBadConfig), errors.Is(err, queues.ErrNotSupported), errors.Is(err, queues.ErrNotOpened):
		return fmt.Errorf("%s: %w", doing, err)
	default:
		return fmt.Errorf("%s: %w: %w", doing, queues.ErrNoConnection, err)
	}
}
