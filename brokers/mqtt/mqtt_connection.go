package mqtt

import (
	"context"
	"fmt"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// MqttConnection is a connection to an MQTT server that several queues share: all send by it. What a queue
// receives comes by connections of its own, one to each of its sessions, because on MQTT a session is
// what a connection belongs to.
//
// Configuration parameters:
//
//	connection(s): protocol (mqtt, mqtts, ws, wss), host, port, uri, tls.*, discovery_key
//	credential(s): username, password, store_key
//	options: connect_timeout, reconnect_timeout, retry_connect, keepalive_timeout, registry, will_*
//
// References, all optional: *:discovery, *:credential-store.
type MqttConnection struct {
	*connect.Connection[*link]
}

var _ connect.IMessageQueueConnection = (*MqttConnection)(nil)

// NewMqttConnection makes a closed connection.
func NewMqttConnection() *MqttConnection { return &MqttConnection{connect.NewConnection(client())} }

// ReadQueueNames lists the queues that are noted on the server, those of dead messages included. Errors:
// ErrNotOpened, ErrNoConnection.
func (c *MqttConnection) ReadQueueNames() (names []string, err error) {
	names = []string{}
	err = c.Do("reading the names of queues", func(ctx context.Context, l *link, _ config.Values) error {
		found, err := l.notes(ctx, l.registry.queues()+"/+")
		for _, n := range found {
			names = append(names, n.Queue)
		}
		return err
	})
	return names, err
}

// CreateQueue makes a queue with one session, and with topic and client id of its name; a no-op if there
// is one of that name. Errors: ErrNotOpened, ErrNoConnection, ErrBadConfig.
func (c *MqttConnection) CreateQueue(name string) error {
	return c.Do("creating queue "+name, func(ctx context.Context, l *link, _ config.Values) error {
		known, err := l.note(ctx, name)
		if err != nil || known != nil {
			return err
		}
		if err := checkTopic(name); err != nil || isWildcard(name) {
			return fmt.Errorf("%w: the name %q is no topic; it has no wildcards, and no $ in front", queues.ErrBadConfig, name)
		}
		return l.ensure(ctx, &plan{queue: name, topic: name, clientId: name, sessions: 1, qos: 1, expiry: neverExpires}, true)
	})
}

// DeleteQueue ends the sessions of a queue with all messages in them; a no-op if there is none of that
// name. Close who receives from it or sends to it before: they would make the sessions anew. Errors:
// ErrNotOpened, ErrNoConnection.
func (c *MqttConnection) DeleteQueue(name string) error {
	return c.Do("deleting queue "+name, func(ctx context.Context, l *link, _ config.Values) error {
		known, err := l.note(ctx, name)
		if err != nil || known == nil {
			return err
		}
		return l.remove(ctx, known)
	})
}
