package servertest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// inProcess is a NATS server in this process, without a port, that can be restarted with what it had.
type inProcess struct {
	folder string

	mu      sync.Mutex
	running *server.Server // nil while it is down
}

func startInProcess(t testing.TB) *inProcess {
	s := &inProcess{folder: t.TempDir()}
	require.NoError(t, s.start())
	t.Cleanup(s.stop)
	return s
}

func (s *inProcess) start() error { return servers.Unlabelled(s.run) }

func (s *inProcess) run() error {
	running, err := server.NewServer(&server.Options{
		DontListen: true,
		JetStream:  true,
		StoreDir:   s.folder,
		NoSigs:     true,
		NoLog:      true,
	})
	if err != nil {
		return err
	}
	go running.Start()
	if !running.ReadyForConnections(30 * time.Second) {
		return errors.New("the server does not get ready")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = running
	return nil
}

func (s *inProcess) stop() {
	s.mu.Lock()
	running := s.running
	s.running = nil
	s.mu.Unlock()
	if running != nil {
		running.Shutdown()
		running.WaitForShutdown()
	}
}

// InProcessConn connects a client to the server that is running.
func (s *inProcess) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	running := s.running
	s.mu.Unlock()
	if running == nil {
		return nil, errors.New("the server is down")
	}
	var conn net.Conn
	err := servers.Unlabelled(func() (err error) {
		conn, err = running.InProcessConn()
		return err
	})
	return conn, err
}

// line is a way to a server that can be cut for good.
type line struct {
	server *inProcess

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// InProcessConn connects a client, unless the line is cut.
func (l *line) InProcessConn() (net.Conn, error) {
	conn, err := l.server.InProcessConn()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		_ = conn.Close()
		return nil, errors.New("the line is cut")
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

func (l *line) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, conn := range l.conns {
		_ = conn.Close()
	}
}
