package rabbitmq

import (
	"context"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// link is what queues share: two connections to a server, because the server stops reading from one that
// publishes while its memory or disk runs out, acknowledgements included. The second is made when
// something is published for the first time.
type link struct {
	taking *line // receives, settles, makes queues
	giving *line // publishes
	dialer *dialer

	unproven atomic.Int64 // bytes; whether larger messages are taken is not known yet
	largest  atomic.Int64 // bytes; 0: the server has not said yet what is too large
}

// unprovenSize is the smallest limit of messages that a server has unless it is told otherwise: that of
// RabbitMQ 4. Before, it was 128 MiB.
const unprovenSize = 16 << 20

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

func dialLink(ctx context.Context, target connect.Target, servers connect.Servers) (*link, error) {
	dialer := newDialer(target, servers)
	patience := target.Options.Duration(config.ConnectTimeout)
	redactor := connect.NewRedactor(target.Connections, target.Credential)
	dial := func(ctx context.Context) (*amqp.Connection, error) {
		conn, err := dialer.dial(ctx)
		return conn, redactor.Error(err)
	}
	l := &link{dialer: dialer, taking: newLine(dial, patience), giving: newLine(dial, patience)}
	l.unproven.Store(unprovenSize)
	if err := l.taking.connect(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) close() {
	var closing sync.WaitGroup
	closing.Go(l.giving.close)
	l.taking.close()
	closing.Wait()
}
