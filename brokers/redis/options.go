package redis

import (
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// kind is the kind in the descriptors of this module.
const kind = "redis"

// Keys of the options of this kind.
const (
	optionKeyPrefix      = "options.key_prefix"
	optionGroup          = "options.group"
	optionAutoCreate     = "options.auto_create"
	optionDurable        = "options.durable"
	optionCluster        = "options.cluster"
	optionSentinelMaster = "options.sentinel_master"
	optionRequestTimeout = "options.request_timeout"
	optionMaxPoolSize    = "options.max_pool_size"
)

// defaultGroup is the consumer group of a queue that does not name one.
const defaultGroup = "queue"

// keyDatabase is the number of the database, below connection.
const keyDatabase = "database"

// protocols are how a server can be reached: in the clear, and with TLS.
func protocols() []config.Protocol {
	return []config.Protocol{{Name: "redis", Port: 6379}, {Name: "rediss", Port: 6379, TLS: true}}
}

// queueOptions are the options of a queue, beyond those of every queue.
func queueOptions() []config.Option {
	return append(connectionOptions(),
		config.String(optionGroup).Default(defaultGroup).Since("1.1").
			Help("Name of the consumer group that hands out the messages. All consumers of a queue must name the same one: a message is removed "+
				"from the stream when it is completed, so that a second group would miss it."),
		config.Boolean(optionAutoCreate).Default(true).Since("1.1").
			Help("Whether Open makes the stream and its group if they are missing. With false they must be there, or Open fails."),
		config.Boolean(optionDurable).DefaultText("what the server says of its persistence").Since("1.1").
			Help("Whether to declare the capability `durable`. By itself a queue declares it if the server keeps an append-only file and evicts no keys that "+
				"have no time to live. Set it where the server does not tell, or keeps messages in another way. It changes nothing on the server."),
	)
}

// connectionOptions are the options of queues and of connection components.
func connectionOptions() []config.Option {
	return append(config.Connecting(),
		config.String(optionKeyPrefix).DefaultText("none").Since("1.1").
			Help("What the keys of queues begin with, such as `shop:`. Two services with different prefixes do not see each other's queues. It must not contain `{`."),
		config.Boolean(optionCluster).Default(false).Since("1.1").
			Help("Whether the server is a cluster. It is found out where the user may ask INFO, and taken for granted with several hosts."),
		config.String(optionSentinelMaster).DefaultText("none").Since("1.1").
			Help("Name of the master to ask Sentinel for. The hosts are those of Sentinels then, with their port, usually 26379; the credential is the master's."),
		config.Duration(optionRequestTimeout).Default(10*time.Second).Between(100*time.Millisecond, 10*time.Minute).Since("1.1").
			Help("How long the server may take to answer. Too short, it is taken for dead while it rewrites its append-only file, and what was sent then may be there twice "+
				"when it is sent again; too long, a server that hangs is noticed late, and Close waits for it."),
		config.Integer(optionMaxPoolSize).Default(20).Between(4, 10_000).Since("1.1").
			Help("Connections to each server. Every queue that waits for messages has one more. Calls that come at the same time share connections, so that more than a few are seldom in use."),
	)
}

// connectionSettings describes a connection section.
func connectionSettings() config.Set {
	return config.Connection(protocols()...).With(
		config.Integer(keyDatabase).Default(0).Between(0, 1<<20).Since("1.1").
			Help("Number of the database. A cluster has only 0. In a URI it is the path: `redis://host:6379/2`."),
	)
}

// credentialSettings describes a credential section.
func credentialSettings() config.Set {
	return config.Credential().Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey)
}
