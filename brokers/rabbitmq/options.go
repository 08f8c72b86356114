package rabbitmq

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// kind is the kind in the descriptors of this module.
const kind = "rabbitmq"

// Keys of the options of this kind.
const (
	keyExchange         = "exchange"
	keyInterval         = "interval"
	keyVhost            = "vhost" // below connection
	optionExchangeType  = "options.exchange_type"
	optionRoutingKey    = "options.routing_key"
	optionQueueType     = "options.queue_type"
	optionPersistent    = "options.persistent"
	optionExclusive     = "options.exclusive"
	optionAutoCreate    = "options.auto_create"
	optionAutoDelete    = "options.auto_delete"
	optionNoQueue       = "options.noqueue"
	optionHeartbeat     = "options.heartbeat"
	optionManagementURI = "options.management_uri"
	queueTypeQuorum     = "quorum"
	queueTypeClassic    = "classic"
	longestName         = 200 // bytes; the server takes 255, and queues for delayed messages add to it
	longestMessage      = 512 << 20
	exchangeTypeFanout  = "fanout"
	reservedNamePrefix  = "amq."
)

// protocols are how a server can be reached.
func protocols() []config.Protocol {
	return []config.Protocol{{Name: "amqp", Port: 5672}, {Name: "amqps", Port: 5671, TLS: true}}
}

// connectionOptions are those of a connection component.
func connectionOptions() []config.Option {
	return append(linkOptions(),
		config.Choice(optionQueueType, queueTypeQuorum, queueTypeClassic).Default(queueTypeQuorum).Since("1.1").
			Help("Type of the queues that `CreateQueue` makes. A queue that is opened with another one is refused."),
		config.String(optionManagementURI).DefaultText("none").Since("1.1").
			Help("Where the server's management plugin answers, as in `http://localhost:15672`. AMQP itself has no way to list queues: without this, "+
				"`ReadQueueNames` is not supported. The user needs the tag `management`."),
	)
}

// linkOptions are those of whatever opens a connection of its own.
func linkOptions() []config.Option {
	return append(config.Connecting(),
		config.Duration(optionHeartbeat).Default(10*time.Second).Between(time.Second, 10*time.Minute).Since("1.1").
			Help("How often client and server tell each other that they are alive, in whole seconds. A server that vanished without a word is noticed "+
				"after about three of them; very short ones take a busy machine for a dead one."),
	)
}

// queueOptions are those of a queue, beyond those of every queue.
func queueOptions() []config.Option {
	return append(linkOptions(),
		config.String(keyExchange).DefaultText("the default exchange").Since("1.0").
			Help("Exchange that messages are published to, and that the queue is bound to. Without one they go straight to the queue."),
		config.String(optionExchangeType).Default(exchangeTypeFanout).Since("1.0").
			Help("Type of the exchange: `fanout`, `direct`, `topic`, or one that a plugin brings. One that exists with another type is refused."),
		config.String(optionRoutingKey).DefaultText("none; without an exchange, the queue's name").Since("1.0").
			Help("Key that messages are published with, and that the queue is bound with. One that no queue is bound with makes Send fail."),
		config.Choice(optionQueueType, queueTypeQuorum, queueTypeClassic).
			DefaultText("quorum, or classic with `options.exclusive`, `options.auto_delete` or without `options.persistent`").Since("1.1").
			Help("What the queue is on the server. A `quorum` queue is replicated and counts deliveries. A `classic` one is on one server, keeps the place "+
				"of a message that is given back for the first time, and does not count a delivery that ended with its process from the second one on."),
		config.Boolean(optionPersistent).Default(true).Since("1.0").
			Help("Whether queue and messages outlive a restart of the server. With false they do not, and `durable` is not declared."),
		config.Boolean(optionExclusive).Default(false).Since("1.0").
			Help("Whether the queue is this connection's only, and goes with it. It is a classic queue then, and `durable` is not declared."),
		config.Boolean(optionAutoDelete).Default(false).Since("1.0").
			Help("Whether the server deletes the queue after the last receiver has gone, with what is in it. Each Receive that waits is such a receiver."),
		config.Boolean(optionAutoCreate).Default(true).Since("1.0").
			Help("Whether opening makes queue, exchange and binding. With false they must be there, or opening fails, and the user needs no permission "+
				"to configure them, but for delayed messages."),
		config.Boolean(optionNoQueue).Default(false).Since("1.0").
			Help("Whether there is only the exchange: the queue can send and nothing else."),
		config.Duration(keyInterval).Since("1.0").Deprecated("ignored: receiving waits without polling"),
		config.Integer(config.MaxMessages).Default(0).Between(0, math.MaxInt32).ZeroMeans("no limit").Since("1.1").
			Deprecated("no effect: the queue is on the server; set a policy with `max-length` and `overflow: reject-publish` there"),
	)
}

// connectionSettings describes a connection section.
func connectionSettings() config.Set {
	return config.Connection(protocols()...).With(
		config.String(keyVhost).DefaultText("/").Since("1.1").
			Help("Virtual host. It wins over the path of `uri`."),
	)
}

// credentialSettings describes a credential section.
func credentialSettings() config.Set {
	return config.Credential().Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey)
}

// settings are the options of a queue, in the words of the server.
type settings struct {
	queue        string
	exchange     string // "": the default exchange
	exchangeType string
	routingKey   string
	queueType    string
	persistent   bool
	exclusive    bool
	autoDelete   bool
	autoCreate   bool
	noQueue      bool
	concurrency  int // options.listen_concurrency
}

// settingsOf reads the options. dead tells that they are those of the queue whose dead messages this one
// keeps: what they say of an exchange, and of going away, is not for this one.
func settingsOf(queue string, options config.Values, dead bool) (settings, error) {
	s := settings{
		queue:        queue,
		exchange:     options.String(keyExchange),
		exchangeType: options.String(optionExchangeType),
		routingKey:   options.String(optionRoutingKey),
		queueType:    options.String(optionQueueType),
		persistent:   options.Bool(optionPersistent),
		exclusive:    options.Bool(optionExclusive),
		autoDelete:   options.Bool(optionAutoDelete),
		autoCreate:   options.Bool(optionAutoCreate),
		noQueue:      options.Bool(optionNoQueue),
		concurrency:  options.Int(config.ListenConcurrency),
	}
	if dead {
		s.exchange, s.routingKey, s.exclusive, s.autoDelete = "", "", false, false
	}
	if s.exchange == "" {
		s.routingKey = queue
	}
	if s.queueType == "" {
		s.queueType = queueTypeQuorum
		if s.exclusive || s.autoDelete || !s.persistent {
			s.queueType = queueTypeClassic
		}
	}
	if dead && s.noQueue {
		return s, nil // there is none for the dead either
	}
	return s, s.check()
}

// check finds what the server would refuse, or would take for something else.
func (s settings) check() error {
	switch {
	case s.queueType == queueTypeQuorum && s.exclusive:
		return conflict(optionExclusive, true)
	case s.queueType == queueTypeQuorum && s.autoDelete:
		return conflict(optionAutoDelete, true)
	case s.queueType == queueTypeQuorum && !s.persistent:
		return conflict(optionPersistent, false)
	case s.noQueue && s.exchange == "":
		return fmt.Errorf("%w: %s: true needs an exchange; set %s", queues.ErrBadConfig, optionNoQueue, keyExchange)
	case len(s.queue) > longestName:
		return fmt.Errorf("%w: %s: the name %q has %d bytes; the server takes queues of at most %d", queues.ErrBadConfig, config.QueueName, s.queue, len(s.queue), longestName)
	case strings.HasPrefix(s.queue, reservedNamePrefix) && s.autoCreate && !s.noQueue:
		return fmt.Errorf("%w: %s: names that begin with %s are the server's own; choose another than %q", queues.ErrBadConfig, config.QueueName, reservedNamePrefix, s.queue)
	default:
		return nil
	}
}

func conflict(option string, value bool) error {
	return fmt.Errorf("%w: %s: a quorum queue cannot be had with %s: %t; set %s: %s, or leave that out",
		queues.ErrBadConfig, optionQueueType, option, value, optionQueueType, queueTypeClassic)
}

// isDurable tells whether messages outlive the server and this process.
func (s settings) isDurable() bool { return s.persistent && !s.exclusive && !s.autoDelete }
