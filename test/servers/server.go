package servers

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds of what a server may take.
const (
	startLimit = 3 * time.Minute
	stopLimit  = 60 * time.Second
	killLimit  = 20 * time.Second
)

// Server is a server that was started by this package. Its methods may be called from any goroutine.
// The fields do not change.
type Server struct {
	Kind     Kind
	Host     string // 127.0.0.1
	Port     int
	Username string // as whom to log in; empty if the server does not ask
	Password string
	CAFile   string // of the authority that vouches for the server's certificate; empty without TLS

	program  program
	settings settings
	dir      string // everything that the server writes; the working folder of its processes
	ports    []*port
	watchdog *watchdog

	mu      sync.Mutex
	process *process // nil while the server is down
	closed  bool
}

// program is what is special about a kind of server.
type program interface {
	// needs says what must be installed.
	needs() []need

	// prepare writes configuration and data into s.dir, once, and sets the user and password of s.
	prepare(s *Server) error

	// command is how to run the server in the foreground. The caller sets folder, output and session.
	command(s *Server) (*exec.Cmd, error)

	// ping connects, logs in and returns nil if the server does its work.
	ping(s *Server, conn net.Conn) error

	// scheme is that of the server's URI, without and with TLS, path what comes after the port.
	scheme() (plain, tls string)
	path(s *Server) string

	// stopSignal asks the server to end in good order.
	stopSignal() syscall.Signal
}

// newServer prepares a server that is not running.
func newServer(kind Kind, program program, options []Option) (s *Server, err error) {
	s = &Server{Kind: kind, Host: "127.0.0.1", program: program}
	for _, option := range options {
		option(&s.settings)
	}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "test-"+string(kind)+"-"); err != nil {
		return nil, err
	}
	if s.dir, err = filepath.EvalSymlinks(s.dir); err != nil {
		return nil, err
	}
	// The server may run as another user.
	if err = os.Chmod(s.dir, 0o755); err != nil {
		return nil, err
	}
	if s.Port, err = s.takePort(); err != nil {
		return nil, err
	}
	if s.watchdog, err = startWatchdog(s.dir); err != nil {
		return nil, err
	}
	if s.settings.tls {
		if err = s.makeCertificates(); err != nil {
			return nil, err
		}
	}
	return s, program.prepare(s)
}

// takePort reserves one more port for the server.
func (s *Server) takePort() (int, error) {
	p, err := reservePort()
	if err != nil {
		return 0, err
	}
	s.ports = append(s.ports, p)
	return p.number, nil
}

// String names the server, for messages.
func (s *Server) String() string { return fmt.Sprintf("%s server on %s", s.Kind, s.Addr()) }

// Addr is host and port, as "127.0.0.1:4222".
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// URI is the address as clients of the server spell it, user and password included.
func (s *Server) URI() string {
	plain, secure := s.program.scheme()
	uri := url.URL{Scheme: plain, Host: s.Addr()}
	if s.settings.tls {
		uri.Scheme = secure
	}
	switch {
	case s.Password != "":
		uri.User = url.UserPassword(s.Username, s.Password)
	case s.Username != "":
		uri.User = url.User(s.Username)
	}
	return uri.String() + s.program.path(s)
}

// Settings are keys and values, in turn, of the configuration of a queue on the server: host and port of the connection,
// user and password of the credential if the server asks for them, and those that are given.
func (s *Server) Settings(further ...any) []any {
	settings := []any{"connection.host", s.Host, "connection.port", s.Port}
	if s.Username != "" {
		settings = append(settings, "credential.username", s.Username)
	}
	if s.Password != "" {
		settings = append(settings, "credential.password", s.Password)
	}
	return append(settings, further...)
}

// Pid is the id of the server's main process, 0 while the server is down.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.pid()
}

// Start runs the server, with the port and the data it had before, and returns when it does its work.
// On a running server it is a no-op; one that has died by itself is an error.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fmt.Errorf("%s is closed", s)
	case s.process != nil && !s.process.hasEnded():
		return nil
	case s.process != nil:
		return fmt.Errorf("%s has died by itself: %s", s, s.process.state())
	}
	cmd, err := s.program.command(s)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	process, err := startProcess(cmd, s.dir, s.logFile())
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	if err := s.awaitReady(process); err != nil {
		return errors.Join(fmt.Errorf("%s does not start: %w", s, err), s.end(process, syscall.SIGKILL, killLimit))
	}
	s.process = process
	return nil
}

// awaitReady returns when the server answers.
func (s *Server) awaitReady(process *process) error {
	deadline := time.Now().Add(startLimit)
	pause := newBackOff()
	for {
		err := s.pingOnce()
		if err == nil {
			return nil
		}
		if process.hasEnded() {
			return fmt.Errorf("it has ended: %s (last: %w)", process.state(), err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not answer within %s: %w", startLimit, err)
		}
		pause.wait(process.ended)
	}
}

// pingLimit bounds one attempt to get an answer.
const pingLimit = 10 * time.Second

func (s *Server) pingOnce() error {
	conn, err := net.DialTimeout("tcp", s.Addr(), pingLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(pingLimit)); err != nil {
		return err
	}
	return s.program.ping(s, conn)
}

// Stop ends the server in good order and returns when none of its processes is left. On a stopped
// server it is a no-op. One that does not end in time is killed, which is an error.
func (s *Server) Stop() error {
	return s.down(s.program.stopSignal(), stopLimit)
}

// Kill ends the server as a crash would, with SIGKILL to every process of it, and returns when none is
// left. On a stopped server it is a no-op.
func (s *Server) Kill() error {
	return s.down(syscall.SIGKILL, killLimit)
}

func (s *Server) down(signal syscall.Signal, limit time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	return s.end(process, signal, limit)
}

func (s *Server) end(process *process, signal syscall.Signal, limit time.Duration) error {
	if err := process.end(signal, limit); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

// Restart stops the server in good order and starts it again.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Close ends the server for good and removes what it has written. Closing again is a no-op.
func (s *Server) Close() error {
	err := s.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return err
	}
	s.closed = true
	if s.watchdog != nil {
		err = errors.Join(err, s.watchdog.end())
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	for _, p := range s.ports {
		p.release()
	}
	return err
}

// path of a file in the folder of the server.
func (s *Server) file(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

// write makes a file in the folder of the server.
func (s *Server) write(name string, lines ...string) error {
	return os.WriteFile(s.file(name), []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

func (s *Server) logFile() string { return s.file("server.log") }

// LogTail is the end of what the server has printed, over all its starts.
func (s *Server) LogTail() string {
	const most = 16 << 10
	log, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	if len(log) > most {
		log = log[len(log)-most:]
	}
	return string(log)
}

// abandonLog closes a server that could not be started and returns the end of its log.
func (s *Server) abandonLog() string {
	log := s.LogTail()
	if err := s.Close(); err != nil {
		log += "\n" + err.Error()
	}
	return log
}
