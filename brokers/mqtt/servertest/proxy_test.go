package servertest

import (
	"io"
	"net"
	"sync"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// proxy stands between a queue and its server, and can cut the connections.
type proxy struct {
	listener net.Listener
	target   string
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// newProxy starts a proxy and returns it and the settings to connect by it.
func newProxy(t testing.TB, params *cconf.ConfigParams) (*proxy, *cconf.ConfigParams) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, target: "127.0.0.1:" + params.GetAsString("connection.port")}
	p.serving.Go(p.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.serving.Wait()
	})
	return p, test.With(params, "connection.port", listener.Addr().(*net.TCPAddr).Port)
}

func (p *proxy) serve() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			p.serving.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				_ = way[0].Close()
			})
		}
	}
}

// cut breaks all connections off.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}
