package main

import (
	"context"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// mqttLine publishes with quality of service 1 and waits for the confirm; it receives from a persistent session
// and acknowledges each message.
type mqttLine struct {
	server *servers.Server
	sender *autopaho.ConnectionManager
	name   string
}

func openMQTT(ctx context.Context, server *servers.Server, name string) (line, error) {
	if err := prepare(ctx, "mqtt", server, name); err != nil { // a session that keeps what is published
		return nil, err
	}
	l := mqttLine{server: server, name: name}
	var err error
	l.sender, err = l.connect(ctx, name+"-sender", nil)
	return l, err
}

func (l mqttLine) connect(ctx context.Context, id string, receive func(paho.PublishReceived)) (*autopaho.ConnectionManager, error) {
	window, expiry := uint16(200), uint32(3600)
	config := autopaho.ClientConfig{
		ServerUrls: []*url.URL{{Scheme: "mqtt", Host: l.server.Addr()}},
		KeepAlive:  30,
		ConnectPacketBuilder: func(request *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			request.Properties = &paho.ConnectProperties{ReceiveMaximum: &window, SessionExpiryInterval: &expiry}
			return request, nil
		},
		ClientConfig: paho.ClientConfig{ClientID: id},
	}
	if receive != nil {
		config.EnableManualAcknowledgment, config.SendAcksInterval = true, time.Millisecond
		config.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(got paho.PublishReceived) (bool, error) {
			receive(got)
			return true, nil
		}}
	}
	manager, err := autopaho.NewConnection(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, err
	}
	return manager, manager.AwaitConnection(ctx)
}

func (l mqttLine) send(ctx context.Context, payload []byte) error {
	_, err := l.sender.Publish(ctx, &paho.Publish{
		Topic: l.name, QoS: 1, Payload: payload,
		Properties: &paho.PublishProperties{User: paho.UserProperties{
			{Key: "message_id", Value: "0123456789abcdef0123456789abcdef"},
			{Key: "correlation_id", Value: "bench"},
			{Key: "message_type", Value: "bench"},
			{Key: "sent_time", Value: time.Now().UTC().Format(time.RFC3339Nano)},
		}},
	})
	return err
}

func (l mqttLine) listen(ctx context.Context, handle func()) error {
	messages := make(chan paho.PublishReceived, 200)
	receiver, err := l.connect(ctx, l.name, func(got paho.PublishReceived) { messages <- got })
	if err != nil {
		return err
	}
	err = untilDone(ctx, func(ctx context.Context) error {
		select {
		case got := <-messages:
			if err := got.Client.Ack(got.Packet); err != nil {
				return err
			}
			handle()
		case <-ctx.Done():
		}
		return nil
	})
	return disconnect(receiver, err)
}

func disconnect(manager *autopaho.ConnectionManager, failure error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := manager.Disconnect(ctx); failure == nil {
		return err
	}
	return failure
}

func (l mqttLine) close() error { return disconnect(l.sender, nil) }
