package mqtt

import "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"

// MqttMessageQueue is a queue on an MQTT 5 server: a topic, and persistent sessions that are subscribed to
// it. Messages outlive processes and restarts of the server as far as the server keeps sessions; see
// README.md for what that takes.
//
// Configuration parameters: name, queue, topic, group, client_id, the options.* of every queue
// (docs/options.md of the core) and those of this kind (README.md), and
//
//	connection(s): protocol (mqtt, mqtts, ws, wss), host, port, uri, tls.*, discovery_key
//	credential(s): username, password, store_key
//	dependencies.connection: a MqttConnection to share, instead of the two above
//
// References, all optional: *:logger, *:counters, *:tracer, *:discovery, *:credential-store,
// *:connection:mqtt, and *:message-queue for options.dead_letter_queue.
type MqttMessageQueue struct {
	*queues.CachedMessageQueue
}

var _ queues.IMessageQueueOverrides = (*MqttMessageQueue)(nil)

// NewMqttMessageQueue makes a closed queue of that name.
func NewMqttMessageQueue(name string) *MqttMessageQueue {
	c := &MqttMessageQueue{}
	c.CachedMessageQueue = queues.InheritCachedMessageQueue(c, name, &storage{})
	return c
}
