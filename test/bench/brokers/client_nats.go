package main

import (
	"context"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// natsLine publishes to a work-queue stream and waits for the confirm; it pulls, and waits for the confirm of
// each acknowledgement.
type natsLine struct {
	conn     *natsgo.Conn
	js       jetstream.JetStream
	consumer jetstream.Consumer
	subject  string
}

func openNATS(ctx context.Context, server *servers.Server, name string) (line, error) {
	conn, err := natsgo.Connect(server.URI())
	if err != nil {
		return nil, err
	}
	l := natsLine{conn: conn, subject: name}
	if l.js, err = jetstream.New(conn); err != nil {
		return nil, err
	}
	stream, err := l.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
	})
	if err != nil {
		return nil, err
	}
	l.consumer, err = stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: name, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1,
	})
	return l, err
}

func (l natsLine) send(ctx context.Context, payload []byte) error {
	_, err := l.js.PublishMsg(ctx, &natsgo.Msg{Subject: l.subject, Data: payload, Header: natsgo.Header{
		"message_id": {natsgo.NewInbox()}, "correlation_id": {"bench"}, "message_type": {"bench"},
		"sent_time": {time.Now().UTC().Format(time.RFC3339Nano)},
	}})
	return err
}

func (l natsLine) listen(ctx context.Context, handle func()) error {
	messages, err := l.consumer.Messages()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, messages.Stop)()
	return untilDone(ctx, func(context.Context) error {
		message, err := messages.Next()
		if err != nil {
			return err
		}
		if err := message.DoubleAck(context.Background()); err != nil {
			return err
		}
		handle()
		return nil
	})
}

func (l natsLine) close() error { l.conn.Close(); return nil }
