package nats

import (
	"math"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Keys of the options of this module.
const (
	subjectKey         = "subject"
	topicKey           = "topic"
	queueGroupKey      = "queue_group"
	groupKey           = "group"
	streamKey          = "options.stream"
	autoCreateKey      = "options.auto_create"
	storageKey         = "options.storage"
	replicasKey        = "options.replicas"
	schedulesKey       = "options.schedules"
	duplicateWindowKey = "options.duplicate_window"
	retryConnectKey    = "options.retry_connect"
	maxReconnectKey    = "options.max_reconnect"
	reconnectKey       = "options.reconnect_timeout"
	flushTimeoutKey    = "options.flush_timeout"
	tokenKey           = "token" // in the section credential
)

// Values of options.storage.
const (
	storageFile   = "file"
	storageMemory = "memory"
)

const day = 24 * time.Hour

// connectionOptions are those of whatever opens a connection of its own.
func connectionOptions() []config.Option {
	return append(config.Connecting(),
		config.Boolean(retryConnectKey).Default(true).Since("1.1").
			Help("Whether opening goes on trying until `options.connect_timeout` when no server answers. "+
				"With false, a service fails at once if it starts a moment before its server."),
		config.Integer(maxReconnectKey).Default(-1).Between(-1, math.MaxInt32).Since("1.1").
			Help("Attempts to reach each server again after the connection was lost; -1: without end. "+
				"When they are used up the queue fails until it is opened again."),
		config.Duration(reconnectKey).Default(500*time.Millisecond).Between(time.Millisecond, day).Since("1.1").
			Help("Wait between such attempts. Very short, many clients together keep a server that comes up busy."),
		config.Duration(flushTimeoutKey).Default(10*time.Second).Between(time.Millisecond, day).Since("1.1").
			Help("How long a call waits for the answer of the server, a reconnect included, if its context allows. "+
				"Shorter than an outage, Send and Complete fail during one; longer, they wait it out."),
	)
}

// streamOptions are those of queues in JetStream, and of a connection that makes them.
func streamOptions() []config.Option {
	return []config.Option{
		config.Choice(storageKey, storageFile, storageMemory).Default(storageFile).Since("1.1").
			Help("Where a stream that is created keeps messages. Those in `memory` end with the server, and the queue does not declare `durable`."),
		config.Integer(replicasKey).Default(1).Between(1, 5).Since("1.1").
			Help("Servers of a cluster that keep each message of a stream that is created. With 1, messages are out of reach while that server is down; " +
				"each more makes Send slower."),
		config.Boolean(schedulesKey).Default(true).Since("1.1").
			Help("Whether the server keeps the time of delayed messages, where it can (2.12 and up, and not together with `options.max_messages`). " +
				"Otherwise the open queues do it together: a message that is due waits until one of them is open. All queues of a stream must agree."),
		config.Duration(duplicateWindowKey).Default(30*time.Second).Between(100*time.Millisecond, day).Since("1.1").
			Help("How long the server of a stream that is created recognizes a message that a sender repeats because it got no answer. " +
				"Shorter than `options.flush_timeout` such a message may be there twice; long, the server remembers an id of each message for that time."),
	}
}

// queueOptions are those of NatsMessageQueue.
func queueOptions() []config.Option {
	options := []config.Option{
		config.String(subjectKey).DefaultText("the queue's name").Since("1.0").
			Help("Subject that messages are published to. Two queues with one subject are one queue, under one stream."),
		config.String(topicKey).Since("1.0").Deprecated("it is an old name of `subject`"),
		config.String(queueGroupKey).DefaultText("the stream's name").Since("1.0").
			Help("Name of the durable consumer. A queue has only one: processes that name another one cannot open it."),
		config.String(groupKey).Since("1.0").Deprecated("it is an old name of `queue_group`"),
		config.String(streamKey).DefaultText("the queue's name, with _ for what a stream's name cannot hold").Since("1.1").
			Help("Name of the stream."),
		config.Boolean(autoCreateKey).Default(true).Since("1.1").
			Help("Whether opening creates the stream and its consumer if they are missing, and adds to an existing stream what the queue needs. " +
				"With false, opening fails if they are missing, and what the stream was not made for (delays, batches) is not declared."),
		config.Boolean(config.Autosubscribe).Since("1.0").Deprecated("ignored: messages wait on the server"),
	}
	return append(append(options, streamOptions()...), connectionOptions()...)
}

// bareOptions are those of BareNatsMessageQueue.
func bareOptions() []config.Option {
	options := []config.Option{
		config.String(subjectKey).DefaultText("the queue's name").Since("1.0").
			Help("Subject that messages are published to and received from."),
		config.String(topicKey).Since("1.0").Deprecated("it is an old name of `subject`"),
		config.String(queueGroupKey).Since("1.0").
			Help("Name of the group of subscribers of which each message goes to one. Without it, each subscriber gets every message."),
		config.String(groupKey).Since("1.0").Deprecated("it is an old name of `queue_group`"),
	}
	return append(options, connectionOptions()...)
}

// protocols are how a server can be reached.
func protocols() []config.Protocol {
	return []config.Protocol{{Name: "nats", Port: 4222}, {Name: "tls", Port: 4222, TLS: true}, {Name: "ws", Port: 80}, {Name: "wss", Port: 443, TLS: true}}
}

// credentialOptions describe a section credential.
func credentialOptions() config.Set {
	return config.Credential().
		Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey).
		With(config.String(tokenKey).Secret().Since("1.0").Help("Token, where the server asks for one instead of a user and a password."))
}

// alternative returns the value of key, or of its old name.
func alternative(options config.Values, key, old string) string {
	if value := options.String(key); value != "" {
		return value
	}
	return options.String(old)
}

// sharedOptions are those of NatsConnection.
func sharedOptions() []config.Option { return append(streamOptions(), connectionOptions()...) }
