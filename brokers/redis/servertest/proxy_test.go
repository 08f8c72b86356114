//go:build brokers

package servertest

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// proxy is a way to a server that can be cut for good.
type proxy struct {
	listener net.Listener
	server   string
	ended    sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// proxyTo starts a proxy, which ends with the test.
func proxyTo(t testing.TB, server *servers.Server) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, server: server.Addr()}
	p.ended.Go(p.serve)
	t.Cleanup(func() {
		p.sever()
		p.ended.Wait()
	})
	return p
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

func (p *proxy) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		there, err := net.Dial("tcp", p.server)
		if err != nil || !p.keep(conn, there) {
			_ = conn.Close()
			if err == nil {
				_ = there.Close()
			}
			continue
		}
		p.ended.Go(func() { pipe(conn, there) })
		p.ended.Go(func() { pipe(there, conn) })
	}
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cut {
		p.conns = append(p.conns, conns...)
	}
	return !p.cut
}

func (p *proxy) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}
