package rabbitmq

import (
	"context"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Count asks the server, which counts ready messages only, when this process has given back what it had to.
func (st *storage) Count(ctx context.Context) (int64, error) {
	s, err := st.enter()
	if err != nil {
		return 0, err
	}
	defer s.calls.Done()
	s.listening.awaitStops(ctx)
	written := s.awaitRequeued(ctx)
	for {
		count, err := s.count(ctx)
		if err != nil || count > 0 || written || time.Since(time.Unix(0, s.requeued.Load())) > settlingTime {
			return count, s.fail("counting", err)
		}
		timer := time.NewTimer(settlingTime / 20)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return count, nil
		case <-s.closing:
			timer.Stop()
			return 0, queues.ErrNotOpened
		}
	}
}

// settlingTime is how long after a message was put back a quorum queue may not count it: the server answers
// before it has written down what it was told before.
const settlingTime = 200 * time.Millisecond

// awaitRequeued returns when the server has written down what was put back. It reports false if that
// cannot be told.
func (s *session) awaitRequeued(ctx context.Context) bool {
	at := s.requeued.Load()
	if at == 0 {
		return true
	}
	if s.settings.queueType == queueTypeQuorum && s.writeDown(ctx) != nil {
		return false
	}
	s.requeued.CompareAndSwap(at, 0)
	return true
}

// writeDown has the server write something into the log of a quorum queue, and waits until it has: that there is a
// consumer, which never gets a message. What it was told before is written down then.
func (s *session) writeDown(ctx context.Context) error {
	conn, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if version, _ := conn.Properties["version"].(string); !strings.HasPrefix(version, "3.") {
		return queues.ErrNotSupported // RabbitMQ 4 knows no consumers without credit
	}
	return s.administer(ctx, conn, func(ch *amqp.Channel) error {
		tag := s.listening.newTag()
		none := amqp.Table{"x-credit": amqp.Table{"credit": int64(0), "drain": false}}
		if _, err := ch.Consume(s.settings.queue, tag, false, false, false, false, none); err != nil {
			return err
		}
		return ch.Cancel(tag, false)
	})
}

// count adds what this process has got and nobody wanted: it is ready too. What is given back meanwhile would be
// counted twice, or not at all.
func (s *session) count(ctx context.Context) (int64, error) {
	for {
		s.returner.await(ctx)
		before := s.returner.total()
		count, err := s.askCount(ctx)
		count += int64(s.counter.held())
		if err != nil || s.returner.total() == before || ctx.Err() != nil {
			return count, err
		}
	}
}

func (s *session) askCount(ctx context.Context) (int64, error) {
	conn, err := s.ready(ctx)
	if err != nil {
		return 0, err
	}
	return await(ctx, s, func() (count int64, err error) {
		err = onChannel(conn, func(ch *amqp.Channel) error {
			queue, err := ch.QueueDeclarePassive(s.settings.queue, s.settings.persistent, s.settings.autoDelete, s.settings.exclusive, false, nil)
			count = int64(queue.Messages)
			return err
		})
		return count, err
	}, func(int64) {})
}
