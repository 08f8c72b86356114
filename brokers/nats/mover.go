package nats

import (
	"context"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// headerDue has the time when a message is due that waits on dueSuffix.
const headerDue = "pip_due"

// moverBatch is how many messages the mover takes at a time.
const moverBatch = 64

// mover publishes delayed messages when they are due, where the server cannot: all open queues of a stream
// share a consumer for them. A message that is not due yet is given back to it for later.
type mover struct {
	session *session
	puller  *puller
}

// needsMover tells whether delays are up to the queues. A stream with a limit cannot have delayed messages at all: what is
// due has to be put before it is removed.
func (b *blueprint) needsMover(cfg jetstream.StreamConfig) bool {
	return b.maxMessages == 0 && !(cfg.AllowMsgSchedules && b.schedules)
}

func (b *blueprint) moverConfig() jetstream.ConsumerConfig {
	cfg := b.consumerConfig()
	cfg.Durable += "_due"
	cfg.Description = "delayed messages of queue " + b.queue
	cfg.FilterSubject = b.subject + dueSuffix + "*"
	cfg.AckWait = attemptTimeout
	return cfg
}

func newMover(ctx context.Context, s *session) (*mover, error) {
	cfg := s.plan.moverConfig()
	if _, err := s.link.js.CreateOrUpdateConsumer(ctx, s.plan.stream, cfg); err != nil {
		return nil, err
	}
	m := &mover{session: s}
	m.puller = newPuller(s.link, s.plan.stream, cfg.Durable, func(ctx context.Context, message *natsgo.Msg) { m.postpone(ctx, message, 0) })
	return m, nil
}

// run moves messages until ctx ends.
func (m *mover) run(ctx context.Context) {
	for ctx.Err() == nil {
		messages, err := m.puller.take(ctx, moverBatch, true)
		for _, message := range messages {
			m.move(ctx, message)
		}
		if err != nil {
			_ = m.session.awaitConsumer(ctx, 0) // what failed is tried again
		}
	}
}

// move publishes a message that is due. If it is not removed after that, it is moved again, and known by its id.
func (m *mover) move(ctx context.Context, message *natsgo.Msg) {
	due, err := time.Parse(time.RFC3339Nano, message.Header.Get(headerDue))
	if wait := time.Until(due); err == nil && wait > 0 {
		m.postpone(ctx, message, wait)
		return
	}
	moved := &natsgo.Msg{Subject: m.session.plan.subject, Header: message.Header, Data: message.Data}
	delete(moved.Header, headerDue)
	moved.Header[jetstream.MsgIDHeader] = []string{message.Subject} // which no other message has
	if err := m.session.publish(ctx, moved); err != nil {
		m.postpone(ctx, message, attemptTimeout)
		return
	}
	retry := func(context.Context, int, error) error { return nil }
	_, _ = m.session.request(ctx, &natsgo.Msg{Subject: message.Reply, Data: []byte(sayAck)}, retry)
}

// postpone has the message delivered again later. Without the server's word that happens when its lock has run out.
func (m *mover) postpone(ctx context.Context, message *natsgo.Msg, wait time.Duration) {
	text := sayNak
	if wait > 0 {
		text += ` {"delay":` + strconv.FormatInt(int64(wait), 10) + `}`
	}
	_ = m.session.requestOnce(ctx, &natsgo.Msg{Subject: message.Reply, Data: []byte(text)})
}
