package mqtt

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// plan is what a queue is made of on the server.
type plan struct {
	queue    string
	topic    string // that is published to; a filter with wildcards of a queue that only receives
	group    string // of the shared subscription; "" for none
	ownGroup bool   // it is configured, and not the default
	clientId string // of the first session
	sessions int    // 0 with quality of service 0: nothing is kept

	qos            byte
	retain         bool
	waitForSave    bool
	expiry         uint32 // of sessions, in seconds
	receiveMaximum uint16
	format         format
}

// newPlan reads the settings of a queue. dead says that it keeps the dead messages of the queue whose settings these are.
func newPlan(name string, options config.Values, dead bool) (plan, error) {
	p := plan{
		queue:          name,
		topic:          name,
		clientId:       name,
		sessions:       1,
		qos:            byte(options.Int(keyQoS)),
		retain:         options.Bool(keyRetain) && !dead,
		waitForSave:    options.Bool(keyWaitForSave),
		expiry:         seconds(options.Duration(keySessionExpiry)),
		receiveMaximum: uint16(options.Int(keyReceiveMaximum)),
		format:         format{envelopes: options.Bool(keySerializeEnvelope), plainText: options.Bool(keyPlainTextEnvelope)},
	}
	topicIs := "the queue's name"
	if !dead {
		if topic := options.String(keyTopic); topic != "" {
			p.topic, topicIs = topic, keyTopic
		}
		if id := options.String(keyClientId); id != "" {
			p.clientId = id
		}
		p.sessions = options.Int(keySessions)
		p.group = options.String(keyGroup)
		p.ownGroup = p.group != ""
	}
	if p.group == "" && p.sessions > 1 {
		p.group = levelOf(name)
	}
	if p.qos == 0 {
		p.sessions = 0
	}
	if err := checkTopic(p.topic); err != nil {
		return p, fmt.Errorf("%w: %s is %q, and %w", queues.ErrBadConfig, topicIs, p.topic, err)
	}
	if err := checkGroup(p.group); err != nil {
		return p, fmt.Errorf("%w: %s is %q, and %w", queues.ErrBadConfig, keyGroup, p.group, err)
	}
	// What the queue writes to its own dead-letter queue must not come back as a message.
	if graveyard := name + ".dead"; !dead && options.String(config.DeadLetterQueue) == "" && p.qos > 0 && isWildcard(p.topic) && matches(p.topic, graveyard) {
		return p, fmt.Errorf("%w: %s %q also stands for %q, the topic of the dead messages, which would come back; name another queue in %s, or receive from less",
			queues.ErrBadConfig, keyTopic, p.topic, graveyard, config.DeadLetterQueue)
	}
	return p, nil
}

// session is the client id of the session of that number.
func (p *plan) session(number int) string {
	if number == 0 {
		return p.clientId
	}
	return p.clientId + "." + strconv.Itoa(number+1)
}

// filter is what sessions subscribe to.
func (p *plan) filter() string {
	if p.group == "" {
		return p.topic
	}
	return sharePrefix + p.group + "/" + p.topic
}

// isWildcard tells whether the queue receives from several topics, and therefore cannot send.
func (p *plan) isWildcard() bool { return isWildcard(p.topic) }

// traits of a queue that is made like this.
func (p *plan) traits() queues.Traits {
	return queues.Traits{
		Ordered:     p.sessions <= 1,
		AtMostOnce:  p.qos == 0,
		Durable:     p.qos > 0,
		NeedsServer: true,
	}
}

// allow says what of a plan the server cannot do.
func (l limits) allow(p *plan) error {
	switch {
	case p.qos > l.qos:
		return fmt.Errorf("%w: the server has quality of service %d at most; lower %s, which is %d", queues.ErrNotSupported, l.qos, keyQoS, p.qos)
	case p.retain && !l.retain:
		return fmt.Errorf("%w: the server does not retain messages; leave out %s", queues.ErrNotSupported, keyRetain)
	case p.isWildcard() && !l.wildcards:
		return fmt.Errorf("%w: the server has no subscriptions with wildcards, as in %s %q", queues.ErrNotSupported, keyTopic, p.topic)
	case p.group != "" && !l.shared:
		return fmt.Errorf("%w: the server has no shared subscriptions; leave out %s, and %s above 1", queues.ErrNotSupported, keyGroup, keySessions)
	case p.qos > 0 && (!l.retain || !l.wildcards):
		return fmt.Errorf("%w: the server does not retain messages or has no wildcards, which the notes of queues need (%s); without them there is quality of service 0 only, see %s",
			queues.ErrNotSupported, keyRegistry, keyQoS)
	default:
		return nil
	}
}

// neverExpires is a session expiry interval that does not end.
const neverExpires = math.MaxUint32

// seconds converts a time to what the protocol has, rounded up; 0 is never.
func seconds(d time.Duration) uint32 {
	if d == 0 {
		return neverExpires
	}
	return uint32(min((d+time.Second-1)/time.Second, math.MaxUint32-1))
}

// belongsToRegistry tells whether a topic is not a message's but this package's own.
func belongsToRegistry(prefix, topic string) bool { return strings.HasPrefix(topic, prefix+"/") }
