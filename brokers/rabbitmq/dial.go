package rabbitmq

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// frameSize is the largest frame, as the server has it by default. The properties of a message, headers
// included, must fit into one.
const frameSize = 128 << 10

// longestAttempt bounds an attempt to log in that nothing else does.
const longestAttempt = time.Minute

// dialer logs in to the first server that answers.
type dialer struct {
	name      string // who connects, for the server's lists
	servers   connect.Servers
	vhost     string
	heartbeat time.Duration
}

func newDialer(target connect.Target, servers connect.Servers) *dialer {
	if servers.Username == "" {
		servers.Username, servers.Password = "guest", "guest" // as every client of RabbitMQ does
	}
	return &dialer{
		name:      target.Name,
		servers:   servers,
		vhost:     cmp.Or(target.Setting(keyVhost), servers.Path, "/"),
		heartbeat: target.Options.Duration(optionHeartbeat),
	}
}

// dial tries the servers in their order, within ctx. The error is about each that was tried.
func (d *dialer) dial(ctx context.Context) (*amqp.Connection, error) {
	var faults []error
	for i, address := range d.servers.Addresses {
		share := longestAttempt
		if deadline, ok := ctx.Deadline(); ok { // one that does not answer leaves time for the others
			share = time.Until(deadline) / time.Duration(len(d.servers.Addresses)-i)
		}
		each, cancel := context.WithTimeout(ctx, share)
		conn, err := d.login(each, address)
		timedOut := errors.Is(each.Err(), context.DeadlineExceeded)
		cancel()
		if err == nil {
			return conn, nil
		}
		if timedOut {
			// A server that refuses the user may keep silent for a while: what it means by that comes first.
			err = fmt.Errorf("%w; or there was no answer in time: check connection.host and connection.port", failure(err))
		}
		faults = append(faults, fmt.Errorf("connecting to %s: %w", address.HostPort(), failure(err)))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(faults...)
}

// login connects to one server. The client library knows no ctx: closing the socket ends what it does.
func (d *dialer) login(ctx context.Context, address connect.Address) (*amqp.Connection, error) {
	var netDialer net.Dialer
	socket, err := netDialer.DialContext(ctx, "tcp", address.HostPort())
	if err != nil {
		return nil, connect.Explain(err)
	}
	broken := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer broken()
	transport := socket
	if secure := d.servers.TLSFor(address.Host); secure != nil {
		secured := tls.Client(socket, secure)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = socket.Close()
			return nil, fmt.Errorf("%w: agreeing on TLS (check connection.tls.*): %w", queues.ErrNoConnection, err)
		}
		transport = secured
	}
	transport = newOutbox(transport)
	conn, err := amqp.Open(transport, amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: d.servers.Username, Password: d.servers.Password}},
		Vhost:     d.vhost,
		Heartbeat: d.heartbeat,
		FrameSize: frameSize,
		Locale:    "en_US",
		Properties: amqp.Table{
			"connection_name": d.name,
			"product":         "pip-services messaging",
			"platform":        "Go",
		},
	})
	if err != nil {
		_ = transport.Close()
		return nil, wrongPort(err, address)
	}
	return conn, nil
}

// wrongPort adds a hint to what the client says when the other side does not speak AMQP.
func wrongPort(err error, address connect.Address) error {
	if strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "protocol") {
		return fmt.Errorf("%w: the other side does not speak AMQP as it should (is %s the right port and protocol?): %w", queues.ErrNoConnection, address, err)
	}
	return err
}
