package nats

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// client says how connections to NATS are made: over the network, or, with a provider, in this process.
func client(provider natsgo.InProcessConnProvider) connect.Client[*link] {
	return connect.Client[*link]{
		Kind:      kind,
		Protocols: protocols(),
		Options:   config.NewSet(sharedOptions()...),
		Dial: func(ctx context.Context, target connect.Target, given connect.Servers) (*link, error) {
			s := newServers(target, given)
			s.provider = provider
			return s.dial(ctx)
		},
		Close: func(l *link) { l.conn.Close() },
	}
}

// servers are where to connect, and how.
type servers struct {
	name     string // of the client, which the server shows
	urls     []string
	username string
	password string
	token    string
	tls      *tls.Config
	provider natsgo.InProcessConnProvider // nil: over the network

	retryConnect  bool
	maxReconnect  int
	reconnectWait time.Duration
	answerTimeout time.Duration
}

func newServers(target connect.Target, given connect.Servers) *servers {
	s := &servers{
		name:          target.Name,
		username:      given.Username,
		password:      given.Password,
		tls:           given.TLS,
		retryConnect:  target.Options.Bool(retryConnectKey),
		maxReconnect:  target.Options.Int(maxReconnectKey),
		reconnectWait: target.Options.Duration(reconnectKey),
		answerTimeout: target.Options.Duration(flushTimeoutKey),
	}
	for _, address := range given.Addresses {
		s.urls = append(s.urls, address.Protocol+"://"+address.HostPort())
	}
	if credential := target.Credential; credential != nil && credential.ConfigParams != nil {
		s.token = credential.GetAsString(tokenKey)
	}
	return s
}

// String names the servers, without secrets.
func (s *servers) String() string { return strings.Join(s.urls, ", ") }

// dial connects, and tries again until ctx ends unless it was told not to. The error is that of the last attempt
// that had its time: of one that the end of ctx cuts short nobody learns why there is no connection.
func (s *servers) dial(ctx context.Context) (*link, error) {
	var cause error
	for {
		l, err := s.dialOnce(ctx)
		if err == nil {
			return l, nil
		}
		if cause == nil || isRefusal(err) || !isOver(ctx) {
			cause = err
		}
		if !s.retryConnect || isRefusal(err) || pause(ctx, min(s.reconnectWait, time.Second)) != nil || isOver(ctx) {
			return nil, s.explain(cause)
		}
	}
}

// isOver tells whether the time of ctx has run out, also a moment before ctx is told of it.
func isOver(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// dialLimit bounds one attempt to reach one server.
const dialLimit = 5 * time.Second

func (s *servers) dialOnce(ctx context.Context) (*link, error) {
	l := &link{servers: s.String(), answerTimeout: s.answerTimeout}
	l.now.Store(&moment{changed: make(chan struct{})})
	options := []natsgo.Option{
		natsgo.Name(s.name),
		natsgo.MaxReconnects(s.maxReconnect),
		natsgo.ReconnectWait(s.reconnectWait),
		natsgo.ReconnectBufSize(-1), // what cannot be sent now fails now; calls wait for the connection themselves
		natsgo.ReconnectHandler(l.onChange),
		natsgo.ClosedHandler(l.onChange),
		natsgo.DisconnectErrHandler(func(conn *natsgo.Conn, _ error) { l.onChange(conn) }),
		natsgo.ErrorHandler(func(*natsgo.Conn, *natsgo.Subscription, error) {}), // calls report what concerns them
		natsgo.PingInterval(20 * time.Second),
	}
	limit := dialLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = max(time.Millisecond, min(time.Until(deadline), dialLimit))
	}
	options = append(options, natsgo.Timeout(limit))
	switch {
	case s.token != "":
		options = append(options, natsgo.Token(s.token))
	case s.username != "":
		options = append(options, natsgo.UserInfo(s.username, s.password))
	}
	if s.tls != nil {
		options = append(options, natsgo.Secure(s.tls))
	}
	if s.provider != nil {
		options = append(options, natsgo.InProcessServer(s.provider))
	}
	conn, err := natsgo.Connect(strings.Join(s.urls, ","), options...)
	if err != nil {
		return nil, err
	}
	if err := l.use(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

// isRefusal tells whether the server is there and will not let us in, or we do not trust it, now or later.
func isRefusal(err error) bool {
	return errors.Is(err, natsgo.ErrAuthorization) || errors.Is(err, natsgo.ErrAuthExpired) || errors.Is(err, natsgo.ErrAuthRevoked) ||
		errors.Is(err, natsgo.ErrAccountAuthExpired) || isTLS(err)
}

// isTLS tells whether both sides do not agree about the encryption.
func isTLS(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &untrusted) || errors.Is(err, natsgo.ErrSecureConnRequired) || errors.Is(err, natsgo.ErrSecureConnWanted)
}

// explain says what stands in the way of a connection.
func (s *servers) explain(err error) error {
	wayOut := "check connection.host and connection.port, and that the server runs"
	switch {
	case isTLS(err):
		wayOut = "check connection.protocol and connection.tls, which the server does not agree with"
	case isRefusal(err):
		wayOut = "the server refuses the credentials; check credential.username and credential.password, or credential.token"
	}
	return fmt.Errorf("%w: connecting to %s: %s: %w", queues.ErrNoConnection, s, wayOut, err)
}
