package kafka

import (
	"math"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Keys of the options of this kind.
const (
	keyTopic          = "topic"
	keyGroupId        = "group_id"
	keyFromBeginning  = "from_beginning"
	keyClientId       = "client_id"
	optionMode        = "options.mode"
	optionAutoCreate  = "options.auto_create"
	optionPartitions  = "options.num_partitions"
	optionReplication = "options.replication_factor"
	optionPartition   = "options.write_partition"
	optionOrderBy     = "options.order_by"
	optionRequest     = "options.request_timeout"
	optionConfirm     = "options.confirm_complete"
	keyMechanism      = "mechanism" // in the section credential
)

// Values of options.mode.
const (
	modeAuto  = "auto"
	modeShare = "share"
	modeGroup = "group"
)

// Values of credential.mechanism.
const (
	mechanismPlain    = "plain"
	mechanismScram256 = "scram-sha-256"
	mechanismScram512 = "scram-sha-512"
)

// protocols are how a server can be reached.
func protocols() []config.Protocol {
	return []config.Protocol{{Name: "tcp", Port: 9092}, {Name: "tls", Port: 9092, TLS: true}}
}

// queueOptions are those of a queue, beyond those of every queue.
func queueOptions() []config.Option {
	options := []config.Option{
		config.String(keyTopic).DefaultText("the queue's name").Since("1.0").
			Help("Topic of the messages. It may also be one that others write to."),
		config.String(keyGroupId).DefaultText("the topic").Since("1.0").
			Help("Group of the consumers that share the messages. Each other group gets every message too; it must not be used in both modes."),
		config.Boolean(keyFromBeginning).Default(true).Since("1.0").
			Help("Whether a group that is new begins with the oldest message of the topic. With false it misses what was sent before its first consumer came."),
		config.Choice(optionMode, modeAuto, modeShare, modeGroup).Noun("mode").Default(modeAuto).Since("1.1").
			Help("How messages are shared out: `share` by a share group, single messages with locks on the broker, from Kafka 4.2 on; `group` by a consumer group, whole " +
				"partitions, on any Kafka; `auto`: `share` where the cluster has it. All consumers of a group must use one mode, so set it if the cluster is going to be upgraded."),
		config.String(optionOrderBy).DefaultText("none").Since("1.1").
			Help("What messages must have in common to be handled one after the other, in the order of sending: `correlation_id`, `message_type` or `header:NAME`. " +
				"They go to one partition, and while one of them is in work or waits for a retry the others wait. Only in mode `group`."),
		config.Boolean(optionConfirm).Default(true).Since("1.1").
			Help("Whether Complete waits until the broker has noted it, so that what is completed does not come again: a round trip, and up to 5 ms on brokers that collect " +
				"changes of groups for so long. Listeners wait once for up to 1024 messages, while their receivers go on. With false, completions are sent together, " +
				"some milliseconds later, and what is lost with a process or a broker until then, or when a partition changes its leader, comes again, though it was completed."),
		config.Integer(optionPartition).Default(-1).Between(-1, math.MaxInt32).Since("1.0").
			Help("Partition that messages are written to; -1: spread over all of them, by `options.order_by` if that is set."),
		config.Boolean("read_partitions").Since("1.0").Deprecated("ignored: the group assigns partitions"),
		config.Boolean("autocommit").Since("1.0").Deprecated("ignored: what is completed is committed, and nothing else"),
		config.Boolean(config.Autosubscribe).Since("1.0").Deprecated("ignored: messages wait in the topic"),
		config.Integer(config.MaxMessages).Default(0).Between(0, math.MaxInt32).ZeroMeans("no limit").Since("1.1").
			Deprecated("no effect: a topic holds what its retention allows"),
	}
	return append(options, connectionOptions()...)
}

// connectionOptions are those of queues and of the connection component.
func connectionOptions() []config.Option {
	return append(config.Connecting(),
		config.String(keyClientId).DefaultText("the name of the queue or connection").Since("1.0").
			Help("Name by which the broker's logs and quotas know the client."),
		config.Boolean(optionAutoCreate).Default(true).Since("1.1").
			Help("Whether Open creates the topic, and that of the dead messages, if they are missing. With false Open fails without them."),
		config.Integer(optionPartitions).Default(1).Between(1, 100_000).Since("1.0").
			Help("Partitions of a topic that is created. In mode `group` no more consumers than this get messages, and only 1 keeps the order of all messages. "+
				"In mode `share` 1 serves any number of consumers; with more, messages of a partition wait while the consumers that it is assigned to are idle."),
		config.Integer(optionReplication).Default(0).Between(0, math.MaxInt16).ZeroMeans("the broker's own").Since("1.0").
			Help("Brokers that keep a copy of a topic that is created. With 1, messages are out of reach while that broker is down, and gone with its disk."),
		config.Duration(optionRequest).Default(10*time.Second).Between(100*time.Millisecond, time.Hour).Since("1.0").
			Help("How long sending and settling wait for the broker's confirmation, a reconnect included, if the context allows. "+
				"Shorter than a change of leaders takes, they fail during one."),
		config.Integer("options.acks").Since("1.0").Deprecated("ignored: a message is sent when all replicas in sync have it"),
		config.Integer("options.max_retries").Since("1.0").Deprecated("ignored: `options.request_timeout` bounds retries"),
		config.Duration("options.retry_timeout").Since("1.0").Deprecated("ignored: `options.request_timeout` bounds retries"),
	)
}

// connectionSet describes the connection component.
func connectionSet() config.Set { return config.NewSet(connectionOptions()...) }

// credentialSettings describe a section credential.
func credentialSettings() config.Set {
	return config.Credential().
		Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey).
		With(config.Choice(keyMechanism, mechanismPlain, mechanismScram256, mechanismScram512).Noun("mechanism").Default(mechanismPlain).Since("1.0").
			Help("How the user is proved to the broker (SASL). `plain` sends the password as it is: use it over TLS only."))
}
