package servers

import (
	"context"
	"io"
	"net"
	"runtime/pprof"
	"sync"
	"testing"
)

// Proxy stands between a client and a server. Cut, it does to both what the death of the client's process
// would do to the server: nobody says goodbye, and nobody comes back.
type Proxy struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu    sync.Mutex
	isCut bool
	conns map[net.Conn]struct{}
}

// StartProxy starts a proxy to an address, host and port. It is cut when the test is over. Its goroutines
// are not those of the test that starts it, for who tells by profiler labels whose goroutines are left.
func StartProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, server: addr, conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	t.Cleanup(p.Cut)
	return p
}

// Port is where the proxy listens, on 127.0.0.1.
func (p *Proxy) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Cut ends every connection, for good, and returns when that is done. Cutting again is a no-op.
func (p *Proxy) Cut() {
	p.mu.Lock()
	p.isCut = true
	_ = p.listener.Close()
	p.end()
	p.mu.Unlock()
	p.running.Wait()
}

// Drop ends every connection there is. New ones can be made.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// end ends the connections, with the mutex held.
func (p *Proxy) end() {
	for conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *Proxy) accept() {
	pprof.SetGoroutineLabels(context.Background())
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = near.Close()
			continue
		}
		if !p.keep(near, far) {
			return
		}
		p.running.Go(func() { p.pipe(near, far) })
		p.running.Go(func() { p.pipe(far, near) })
	}
}

// keep notes connections that Cut must end; it ends them if that has been called already.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.conns[conn] = struct{}{}
		if p.isCut {
			_ = conn.Close()
		}
	}
	return !p.isCut
}

func (p *Proxy) pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range []net.Conn{to, from} {
		_ = conn.Close()
		delete(p.conns, conn)
	}
}
