package nats

import (
	"context"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// NatsConnection is a connection to a NATS server that several queues share: those that name it under
// dependencies.connection. See connect.Connection for when it opens and closes.
//
// Its methods of IMessageQueueConnection manage the queues of JetStream.
//
// Configuration parameters: connection(s).*, credential(s).*, options.connect_timeout, .retry_connect,
// .max_reconnect, .reconnect_timeout, .flush_timeout, and for CreateQueue .storage, .replicas and
// .duplicate_window. References, optional: *:discovery, *:credential-store.
type NatsConnection struct {
	*connect.Connection[*link]
	defaults *cconf.ConfigParams
}

var _ connect.IMessageQueueConnection = (*NatsConnection)(nil)

// NewNatsConnection makes a closed connection.
func NewNatsConnection() *NatsConnection {
	return &NatsConnection{connect.NewConnection(client(nil)), cconf.NewEmptyConfigParams()}
}

// NewInProcessNatsConnection makes a closed connection to a server that runs in this process, such as a *server.Server
// of nats-server, which then needs no port. Parameters connection(s).* are not needed.
func NewInProcessNatsConnection(provider natsgo.InProcessConnProvider) *NatsConnection {
	c := &NatsConnection{connect.NewConnection(client(provider)), cconf.NewConfigParamsFromTuples("connection.host", "in-process")}
	c.Configure(context.Background(), nil)
	return c
}

// Configure sets the configuration, in place of an earlier one. What is wrong with it is reported by Open.
func (c *NatsConnection) Configure(ctx context.Context, params *cconf.ConfigParams) {
	if params == nil {
		params = cconf.NewEmptyConfigParams()
	}
	c.Connection.Configure(ctx, c.defaults.Override(params))
}

// ReadQueueNames lists the queues of JetStream, dead-letter queues included.
func (c *NatsConnection) ReadQueueNames() ([]string, error) {
	names := []string{}
	err := c.manage("listing queues", func(ctx context.Context, l *link, _ config.Values) error {
		names = names[:0] // of an attempt that failed
		streams := l.js.ListStreams(ctx)
		for info := range streams.Info() {
			if info.Config.Retention != jetstream.WorkQueuePolicy || len(info.Config.Subjects) == 0 {
				continue
			}
			name := info.Config.Metadata[metadataQueue]
			if name == "" { // somebody else has made it, or the server is too old to keep the name
				name = info.Config.Subjects[0]
			}
			names = append(names, name)
		}
		return streams.Err()
	})
	return names, err
}

// CreateQueue makes the stream and the consumer of a queue; its dead-letter queue is a queue too, with .dead
// after the name.
func (c *NatsConnection) CreateQueue(name string) error {
	return c.manage("creating queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		plan, err := newBlueprint(name, false, options)
		if err == nil {
			plan.lockTimeout = defaultLockTimeout()
			_, _, err = plan.build(ctx, l.js, true)
		}
		return err
	})
}

// DeleteQueue removes the stream of a queue, with its messages; a no-op if it is not there.
func (c *NatsConnection) DeleteQueue(name string) error {
	return c.manage("deleting queue "+name, func(ctx context.Context, l *link, options config.Values) error {
		plan, err := newBlueprint(name, false, options)
		if err != nil {
			return err
		}
		stream, err := l.js.Stream(ctx, plan.stream)
		if err == nil && coversAny(stream.CachedInfo().Config.Subjects, plan.subject) { // not one with a similar name
			err = l.js.DeleteStream(ctx, plan.stream)
		}
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil
		}
		return err
	})
}

// defaultLockTimeout is that of a queue which is not configured.
func defaultLockTimeout() time.Duration {
	values, _ := config.Queue().Parse(nil)
	return values.Duration(config.LockTimeout)
}

// manage does something with the server.
func (c *NatsConnection) manage(doing string, action func(ctx context.Context, l *link, options config.Values) error) error {
	return c.Do(doing, func(ctx context.Context, l *link, options config.Values) error {
		return explainBuilding(context.Background(), l.call(ctx, func(ctx context.Context) error { return action(ctx, l, options) }))
	})
}
