package faults

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// subjectOn is a small test of queues on b.
func subjectOn(b *broker) Subject {
	return Subject{
		New:         newQueue,
		Config:      cconf.NewConfigParamsFromTuples("fake.address", b.address),
		Server:      b,
		Messages:    2000,
		Restarts:    3,
		Kills:       3,
		Changes:     5,
		Interval:    50 * time.Millisecond,
		Senders:     4,
		Work:        time.Millisecond,
		Outage:      10 * time.Millisecond,
		LockTimeout: 500 * time.Millisecond,
		Patience:    20 * time.Second,
	}
}

func TestServerRestarts(t *testing.T) {
	t.Parallel()

	t.Run("a queue that keeps what it has acknowledged passes", func(t *testing.T) {
		t.Parallel()
		ServerRestarts(t, subjectOn(startBroker(t)))
	})

	t.Run("a server that loses acknowledged messages fails", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.loseAtKill = true
		subject := subjectOn(b)
		subject.Patience = 2 * time.Second
		subject.Senders, subject.Listeners, subject.Concurrency = 16, 1, 1
		require.ErrorContains(t, serverRestarts(t, subject), "acknowledged messages are lost, such as message-")
	})

	t.Run("a server that does not come back fails within patience", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.neverRecover = true
		subject := subjectOn(b)
		subject.Patience = time.Second
		require.ErrorContains(t, serverRestarts(t, subject), "restart 1: waiting for a Send to be acknowledged again")
	})

	t.Run("messages that come again without a cause fail", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.repeat = true
		subject := subjectOn(b)
		subject.Messages, subject.Limit = 100, 3*time.Second
		require.ErrorContains(t, serverRestarts(t, subject), "without a known cause")
	})

	t.Run("damaged payloads fail", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.damage = true
		require.ErrorContains(t, serverRestarts(t, subjectOn(b)), "with another payload")
	})

	t.Run("a queue that is not durable is refused", func(t *testing.T) {
		t.Parallel()
		subject := subjectOn(startBroker(t))
		subject.New = func(name string, _ *cconf.ConfigParams) queues.IMessageQueue {
			return queues.NewMemoryMessageQueue(name)
		}
		require.ErrorContains(t, serverRestarts(t, subject), "does not declare to be durable")
	})

	t.Run("without a server there is no test", func(t *testing.T) {
		t.Parallel()
		subject := subjectOn(startBroker(t))
		subject.Server = nil
		require.ErrorContains(t, serverRestarts(t, subject), "Subject.Server is missing")
	})
}

func TestListenersComeAndGo(t *testing.T) {
	t.Parallel()

	t.Run("a queue whose messages find another listener passes", func(t *testing.T) {
		t.Parallel()
		ListenersComeAndGo(t, subjectOn(startBroker(t)))
	})

	t.Run("a server that keeps what a closed queue had fetched ahead fails", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.ignoreReleases = true
		subject := subjectOn(b)
		subject.Patience = 2 * time.Second
		require.ErrorContains(t, listenersComeAndGo(t, subject), "acknowledged messages are lost")
	})
}

func TestConsumerKills(t *testing.T) {
	t.Parallel()

	t.Run("messages of killed consumers come back", func(t *testing.T) {
		t.Parallel()
		ConsumerKills(t, subjectOn(startBroker(t)))
	})

	t.Run("a server that keeps what a dead consumer had fails", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t)
		b.keepOfDead = true
		subject := subjectOn(b)
		subject.Patience = 3 * time.Second
		err := consumerKills(t, subject)
		require.ErrorContains(t, err, "acknowledged messages are lost")
		require.ErrorContains(t, err, "had in work were never delivered again")
	})

	t.Run("consumers that cannot open their queue fail", func(t *testing.T) {
		t.Parallel()
		subject := subjectOn(startBroker(t))
		good := subject.Config
		subject.Config = cconf.NewConfigParamsFromTuples("fake.address", "127.0.0.1:1")
		subject.New = func(name string, _ *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, good)
		}
		require.ErrorContains(t, consumerKills(t, subject), "starting consumer 1: ")
	})
}

// forgetful is a queue whose Receive, when its ctx has ended, forgets what it has taken.
type forgetful struct{ queues.IMessageQueue }

func (q forgetful) Receive(ctx context.Context, correlationId string, _ time.Duration) (*queues.MessageEnvelope, error) {
	envelope, err := q.IMessageQueue.Receive(context.WithoutCancel(ctx), correlationId, 0)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return envelope, err
}

func TestCancelledReceives(t *testing.T) {
	t.Parallel()
	subject := Subject{New: func(name string, params *cconf.ConfigParams) queues.IMessageQueue {
		queue := queues.NewMemoryMessageQueue(name)
		queue.Configure(context.Background(), params)
		return queue
	}}

	t.Run("a queue that locks and loses nothing passes", func(t *testing.T) {
		t.Parallel()
		CancelledReceives(t, subject)
	})

	t.Run("a queue that keeps locked what it has not handed over fails", func(t *testing.T) {
		t.Parallel()
		bad := subject
		bad.New = func(name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return forgetful{subject.New(name, params)}
		}
		bad.Patience = time.Second
		require.ErrorContains(t, cancelledReceives(t, bad), "messages are ready after 1s, and should be 500")
	})
}
