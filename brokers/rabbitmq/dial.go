package rabbitmq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
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
	servers   []server
	vhost     string
	heartbeat time.Duration
}

// server is where to log in, and as whom.
type server struct {
	address  connect.Address
	secure   *tls.Config // nil: in the clear
	username string
	password string
}

// newDialer reads what a target says of the server. Errors: ErrBadConfig, ErrNoConnection.
func newDialer(target connect.Target) (*dialer, error) {
	addresses, err := connect.Addresses(target.Connections, protocols()...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: %s", queues.ErrNoConnection, connect.MissingConnection)
	}
	d := &dialer{name: target.Name, heartbeat: target.Options.Duration(optionHeartbeat)}
	var secure *tls.Config
	for _, connection := range target.Connections {
		if connection == nil || connection.ConfigParams == nil {
			continue
		}
		if d.vhost == "" {
			d.vhost = connection.GetAsString(keyVhost)
		}
		if secure == nil {
			if secure, err = connect.TLSConfig(connection); err != nil {
				return nil, fmt.Errorf("%w: %w", queues.ErrBadConfig, err)
			}
		}
	}
	for _, address := range addresses {
		s := server{address: address, username: address.Username, password: address.Password}
		if target.Credential != nil && target.Credential.Username() != "" {
			s.username, s.password = target.Credential.Username(), target.Credential.Password()
		}
		if s.username == "" {
			s.username, s.password = "guest", "guest" // as every client of RabbitMQ does
		}
		if address.Protocol == protocolTLS || secure != nil {
			s.secure = secureFor(secure, address.Host)
		}
		if d.vhost == "" {
			d.vhost = address.Path
		}
		d.servers = append(d.servers, s)
	}
	if d.vhost == "" {
		d.vhost = "/"
	}
	return d, nil
}

func secureFor(secure *tls.Config, host string) *tls.Config {
	own := &tls.Config{MinVersion: tls.VersionTLS12}
	if secure != nil {
		own = secure.Clone()
	}
	if own.ServerName == "" {
		own.ServerName = host
	}
	return own
}

// dial tries the servers in their order, within ctx. The error is about each that was tried.
func (d *dialer) dial(ctx context.Context) (*amqp.Connection, error) {
	var faults []error
	for i, s := range d.servers {
		share := longestAttempt
		if deadline, ok := ctx.Deadline(); ok { // one that does not answer leaves time for the others
			share = time.Until(deadline) / time.Duration(len(d.servers)-i)
		}
		each, cancel := context.WithTimeout(ctx, share)
		conn, err := d.login(each, s)
		timedOut := each.Err() != nil
		cancel()
		if err == nil {
			return conn, nil
		}
		if timedOut && ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			// A server that refuses the user may keep silent for a while: what it means by that comes first.
			err = fmt.Errorf("%w; or there was no answer in time: check connection.host and connection.port, or raise %s", failure(err), config.ConnectTimeout)
		}
		faults = append(faults, fmt.Errorf("connecting to %s: %w", s.address.HostPort(), failure(err)))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(faults...)
}

// login connects to one server. The client library knows no ctx: closing the socket ends what it does.
func (d *dialer) login(ctx context.Context, s server) (*amqp.Connection, error) {
	var netDialer net.Dialer
	socket, err := netDialer.DialContext(ctx, "tcp", s.address.HostPort())
	if err != nil {
		return nil, connect.Explain(err)
	}
	broken := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer broken()
	transport := socket
	if s.secure != nil {
		secured := tls.Client(socket, s.secure)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = socket.Close()
			return nil, fmt.Errorf("%w: agreeing on TLS (check connection.tls.*): %w", queues.ErrNoConnection, err)
		}
		transport = secured
	}
	transport = newOutbox(transport)
	conn, err := amqp.Open(transport, amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: s.username, Password: s.password}},
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
		return nil, wrongPort(err, s)
	}
	return conn, nil
}

// wrongPort adds a hint to what the client says when the other side does not speak AMQP.
func wrongPort(err error, s server) error {
	if strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "protocol") {
		return fmt.Errorf("%w: the other side does not speak AMQP as it should (is %s the right port and protocol?): %w", queues.ErrNoConnection, s.address.String(), err)
	}
	return err
}
