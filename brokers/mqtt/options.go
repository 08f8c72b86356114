package mqtt

import (
	"math"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Keys of the settings of this module, beyond those of every queue.
const (
	keyTopic             = "topic"
	keyGroup             = "group"
	keyClientId          = "client_id"
	keySessions          = "options.sessions"
	keyQoS               = "options.qos"
	keyRetain            = "options.retain"
	keyWaitForSave       = "options.wait_for_save"
	keySerializeEnvelope = "options.serialize_envelope"
	keyPlainTextEnvelope = "options.plain_text_envelope"
	keyAutoCreate        = "options.auto_create"
	keySessionExpiry     = "options.session_expiry"
	keyReceiveMaximum    = "options.receive_maximum"
	keyRegistry          = "options.registry"
	keyKeepalive         = "options.keepalive_timeout"
	keyRetryConnect      = "options.retry_connect"
	keyReconnect         = "options.reconnect_timeout"
	keyWillTopic         = "options.will_topic"
	keyWillMessage       = "options.will_message"
	keyWillQoS           = "options.will_qos"
	keyWillRetain        = "options.will_retain"
	keyWillDelay         = "options.will_delay"
)

// Limits of the protocol.
const (
	maxReceiveMaximum = math.MaxUint16
	maxPacketSize     = 268_435_460 // the largest remaining length and its header
	maxSessions       = 64
)

// protocols are how a server can be reached.
func protocols() []config.Protocol {
	return []config.Protocol{
		{Name: "mqtt", Port: 1883},
		{Name: "mqtts", Port: 8883, TLS: true},
		{Name: "ws", Port: 80, Parameters: true},
		{Name: "wss", Port: 443, TLS: true, Parameters: true},
	}
}

// queueOptions are those of a queue, beyond those of every queue that is pushed to.
func queueOptions() []config.Option {
	options := []config.Option{
		config.String(keyTopic).DefaultText("the queue's name").Since("1.0").
			Help("Topic that messages are published to and received from. With a wildcard, `sensors/+/state` or `sensors/#`, the queue only receives, " +
				"and the topic of each message is in its header `topic`. Two queues of different names with one topic get each message both."),
		config.String(keyGroup).DefaultText("the queue's name").Since("1.1").
			Help("Name of the shared subscription (`$share/<group>/<topic>`) of a queue with several sessions. If it is set, a queue with one session subscribes that way too."),
		config.String(keyClientId).DefaultText("the queue's name").Since("1.0").
			Help("Client id of the queue's session on the server; of several, what their ids begin with. It belongs to the queue, not to the process: " +
				"all processes that use the queue must have the same one, and no other client may have it."),
		config.Integer(keySessions).Default(1).Between(1, maxSessions).Since("1.1").
			Help("Sessions among which the server distributes the messages, and so the number of processes that can receive at the same time; the others stand by. " +
				"With 1 messages keep their order and one process receives until it stops or dies. It can be raised later, and not lowered."),
		config.Integer(keyQoS).Default(1).Between(0, 2).Since("1.0").
			Help("Quality of service. 1 and 2: the server keeps messages until they are settled. 0: at most once, only for who is connected, and nothing is kept anywhere. " +
				"2 saves duplicates between client and server when a connection fails, at twice the round trips; receivers must bear a repetition all the same."),
		config.Boolean(keyRetain).Default(false).Since("1.0").
			Help("Whether the server keeps the last message of the topic for whoever subscribes later. It is a second copy: completing a message does not remove that."),
		config.Boolean(keyWaitForSave).Default(false).Since("1.1").
			Help("Whether sending asks the server something more once it has confirmed the message. A server that saves what has changed before it reads on, as Mosquitto does with " +
				"`autosave_on_changes true` and `autosave_interval 1`, has saved the message when it answers, and loses nothing when it is killed. With other settings it is of no use. " +
				"A second round trip for each message, and what saving everything at each change costs."),
		config.Boolean(keySerializeEnvelope).Default(false).Since("1.0").
			Help("Whether messages are JSON envelopes, for peers that speak MQTT 3.1.1 and have no properties. Without it, a payload is the message itself, and the rest are user properties. " +
				"What comes and is no envelope is taken as a payload."),
		config.Boolean(keyPlainTextEnvelope).Default(false).Since("1.1").
			Help("With `options.serialize_envelope`, whether the `message` of received envelopes is plain text, as peers in Java and Dart write it, and not base64."),
		config.Boolean(keyAutoCreate).Default(true).Since("1.1").
			Help("Whether opening makes the queue's sessions on the server if they are missing. With false, opening a queue that nobody has made fails."),
		config.Duration(keySessionExpiry).Default(time.Duration(0)).ZeroMeans("never").Since("1.1").
			Help("How long the server keeps a session that nobody is connected to, and the messages in it. Longer than any outage of the service, or messages are lost."),
		config.Integer(keyReceiveMaximum).Default(200).Between(1, maxReceiveMaximum).Since("1.1").
			Help("Messages that the server sends ahead of their acknowledgement, for each session. Acknowledgements are sent in the order of the messages, so that one that is " +
				"held long holds up those behind it: after so many the server sends nothing more until it is settled. The server may have a lower limit of its own " +
				"(Mosquitto: max_inflight_messages, 20). All of them may come again when the server or a process is restarted under load."),
	}
	return append(options, connectionOptions()...)
}

// connectionOptions are those of whatever opens a connection of its own.
func connectionOptions() []config.Option {
	return append(config.Connecting(),
		config.String(keyRegistry).Default("pip-services").Since("1.1").
			Help("Where queues are noted on the server, and who is connected to their sessions: retained messages on topics that begin with this. All processes must have the same. "+
				"Users of the server need the right to read and to write there."),
		config.Duration(keyKeepalive).Default(60*time.Second).Between(time.Second, 65535*time.Second).Since("1.0").
			Help("After what silence a connection is probed. Short, it costs traffic; long, a connection that died unnoticed, and the messages it holds, is noticed late."),
		config.Boolean(keyRetryConnect).Default(true).Since("1.0").
			Help("Whether opening goes on trying until `options.connect_timeout` when no server answers. With false, a service fails at once if it starts a moment before its server."),
		config.Duration(keyReconnect).Default(500*time.Millisecond).Between(time.Millisecond, time.Hour).Since("1.0").
			Help("Wait before each attempt to connect again. Very short, many clients together keep a server that comes up busy."),
		config.String(keyWillTopic).Since("1.1").
			Help("Topic of a message that the server publishes when the connection that sends breaks off without a good-bye. Without it, there is none."),
		config.String(keyWillMessage).Since("1.1").Help("Payload of that message."),
		config.Integer(keyWillQoS).Default(0).Between(0, 2).Since("1.1").Help("Its quality of service."),
		config.Boolean(keyWillRetain).Default(false).Since("1.1").Help("Whether it is retained."),
		config.Duration(keyWillDelay).Default(time.Duration(0)).Since("1.1").
			Help("How long the server waits before it publishes that message; none if the connection is back by then. In whole seconds."),
	)
}

// connectionSettings describe a section connection.
func connectionSettings() config.Set { return config.Connection(protocols()...) }

// credentialSettings describe a section credential.
func credentialSettings() config.Set {
	return config.Credential().Without(config.AccessId, config.ClientId, config.AccessKey, config.ClientKey, config.SecretKey)
}
