package redis

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// breakable is a client whose commands can be broken off, also while they wait on the server: the client's
// own Close waits for nobody, but complains in the log about connections that are in use.
type breakable struct {
	goredis.UniversalClient
	dialer net.Dialer
	tls    *tls.Config

	mu      sync.Mutex
	severed bool
	conns   map[net.Conn]struct{}
}

// newBreakable makes a client for one command at a time.
func newBreakable(options goredis.UniversalOptions) *breakable {
	const connections = 2 // a cluster may send a command on to another server
	b := &breakable{
		dialer: net.Dialer{Timeout: options.DialTimeout, KeepAlive: time.Minute},
		tls:    options.TLSConfig,
		conns:  map[net.Conn]struct{}{},
	}
	options.PoolSize = connections
	options.Dialer = b.dial
	b.UniversalClient = goredis.NewUniversalClient(&options)
	return b
}

func (b *breakable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	var err error
	if b.tls == nil {
		conn, err = b.dialer.DialContext(ctx, network, address)
	} else {
		conn, err = (&tls.Dialer{NetDialer: &b.dialer, Config: b.tls}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.severed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	b.conns[conn] = struct{}{}
	return &ownedConn{Conn: conn, owner: b}, nil
}

// sever breaks all connections, for good.
func (b *breakable) sever() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.severed = true
	for conn := range b.conns {
		_ = conn.Close()
	}
}

// ownedConn is a connection that its owner knows of until it is closed.
type ownedConn struct {
	net.Conn
	owner *breakable
}

func (c *ownedConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c.Conn)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
