package mqtt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/uuid"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// link is the connection that queues send by, and that several queues may share. Its session ends with
// it. What queues receive comes by connections of their own, one to each session.
type link struct {
	id       string
	server   *server
	registry registry

	manager *autopaho.ConnectionManager
	inbox   *inbox
	tasks   sync.WaitGroup
	ctx     context.Context // ends when the link is closed
	end     context.CancelFunc
	up      chan struct{} // receives a token when the connection was made anew

	mu       sync.Mutex
	limits   limits
	watchers []*watcher
	fences   map[string]chan struct{}
}

// limits are what the server has said about itself.
type limits struct {
	packet    int // largest packet in bytes
	qos       byte
	retain    bool
	wildcards bool
	shared    bool
}

// client says how links are made.
func client() connect.Client[*link] {
	return connect.Client[*link]{
		Kind:      kind,
		Protocols: protocols(),
		Options:   config.NewSet(connectionOptions()...),
		Dial:      dialLink,
		Close:     (*link).close,
	}
}

func dialLink(ctx context.Context, target connect.Target, servers connect.Servers) (_ *link, err error) {
	server := newServer(target.Options, servers)
	l := &link{
		id:     "pip-" + uuid.NewString(),
		server: server,
		up:     make(chan struct{}, 1),
		fences: map[string]chan struct{}{},
	}
	l.registry = registry{prefix: target.Options.String(keyRegistry)}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.inbox = newInbox(func(*period) {})
	cfg := server.client(l.id)
	cfg.CleanStartOnInitialConnection = true
	cfg.Session = l.inbox
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){l.receive}
	cfg.OnConnectionUp = func(_ *autopaho.ConnectionManager, answer *paho.Connack) { l.connected(answer) }
	if err := setWill(&cfg, target.Options); err != nil {
		return nil, err
	}
	if l.manager, _, err = server.dial(ctx, cfg); err != nil {
		l.end()
		return nil, err
	}
	<-l.up // of this connection, by which nobody has subscribed yet
	l.tasks.Go(l.restore)
	return l, nil
}

// setWill makes the message that the server publishes when the connection breaks off.
func setWill(cfg *autopaho.ClientConfig, options config.Values) error {
	topic := options.String(keyWillTopic)
	if topic == "" {
		return nil
	}
	if err := checkTopic(topic); err != nil || isWildcard(topic) {
		return fmt.Errorf("%w: %s is %q; it takes a topic without wildcards", queues.ErrBadConfig, keyWillTopic, topic)
	}
	delay := uint32((options.Duration(keyWillDelay) + time.Second - 1) / time.Second)
	cfg.WillMessage = &paho.WillMessage{
		Topic:   topic,
		Payload: []byte(options.String(keyWillMessage)),
		QoS:     byte(options.Int(keyWillQoS)),
		Retain:  options.Bool(keyWillRetain),
	}
	cfg.WillProperties = &paho.WillProperties{WillDelayInterval: &delay}
	return nil
}

func (l *link) close() {
	l.end()
	ctx, cancel := context.WithTimeout(context.Background(), l.server.patience)
	defer cancel()
	_ = l.manager.Disconnect(ctx) // nothing depends on the good-bye
	l.tasks.Wait()
}

// connected notes what the server has said. It is called for each new connection.
func (l *link) connected(answer *paho.Connack) {
	found := limits{packet: maxPacketSize, qos: 2, retain: true, wildcards: true, shared: true}
	if properties := answer.Properties; properties != nil {
		if properties.MaximumPacketSize != nil {
			found.packet = int(min(*properties.MaximumPacketSize, maxPacketSize))
		}
		if properties.MaximumQoS != nil {
			found.qos = *properties.MaximumQoS
		}
		found.retain, found.wildcards, found.shared = properties.RetainAvailable, properties.WildcardSubAvailable, properties.SharedSubAvailable
	}
	l.mu.Lock()
	l.limits = found
	l.mu.Unlock()
	l.inbox.opened()
	select {
	case l.up <- struct{}{}:
	default:
	}
}

// connection waits for the connection, for options.connect_timeout at most.
func (l *link) connection(ctx context.Context) (*period, error) {
	if connected := l.inbox.ready(); connected != nil {
		return connected, nil
	}
	limited, cancel := context.WithTimeout(ctx, l.server.patience)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	connected, err := l.inbox.await(limited)
	switch {
	case err == nil:
		return connected, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case l.ctx.Err() != nil:
		return nil, queues.ErrNotOpened
	default:
		return nil, fmt.Errorf("%w: no connection to %s for %s", queues.ErrNoConnection, l.server, l.server.patience)
	}
}

func (l *link) serverLimits() limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limits
}

// publish sends a message and waits for the server to take it. matched is false if the server says that
// it has thrown the message away because nobody subscribes to its topic.
func (l *link) publish(ctx context.Context, message *paho.Publish) (matched bool, err error) {
	found := l.serverLimits()
	switch {
	case sizeOf(message) > found.packet:
		return false, fmt.Errorf("%w: with its properties it has %d bytes, and the server takes %d (maximum packet size)", queues.ErrMessageTooLarge, sizeOf(message), found.packet)
	case message.QoS > found.qos:
		return false, fmt.Errorf("%w: the server takes quality of service %d at most; lower %s, which is %d", queues.ErrNotSupported, found.qos, keyQoS, message.QoS)
	case message.Retain && !found.retain:
		return false, fmt.Errorf("%w: the server does not retain messages; see %s and %s", queues.ErrNotSupported, keyRetain, keyRegistry)
	}
	connected, err := l.connection(ctx)
	if err != nil {
		return false, fmt.Errorf("publishing: %w", err)
	}
	// The library lets a call wait on when the connection is lost and the session with it.
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(connected.ctx, cancel)()
	response, err := l.manager.Publish(limited, message)
	if refused := explainPublish(message.Topic, response); refused != nil {
		return false, refused
	}
	if err != nil {
		if connected.ctx.Err() != nil && ctx.Err() == nil {
			err = errors.New("the connection was lost before the server has confirmed; the message may have been taken")
		}
		return false, lost(ctx, "publishing", err)
	}
	return response == nil || response.ReasonCode != packets.PubackNoMatchingSubscribers, nil
}
