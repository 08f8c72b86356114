// Package mqtest runs mq as a process in tests: the test binary itself, told by its environment to be mq.
package mqtest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/command"
)

const isProcess = "MQ_TEST_IS_PROCESS"

// limit is how long a process may take before the test fails.
const limit = 60 * time.Second

// Main is the TestMain of a package that runs mq.
func Main(m *testing.M) {
	if os.Getenv(isProcess) == "1" {
		_ = os.Unsetenv(isProcess) // not for what it starts
		os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Shell is an environment for runs of mq, apart from that of the user. The zero Shell is not usable.
type Shell struct {
	Home string
	Env  []string // NAME=VALUE, beside the few that every process gets
}

// NewShell makes an environment with an empty home.
func NewShell(t testing.TB) *Shell { return &Shell{Home: t.TempDir()} }

// Result is how a process has ended.
type Result struct {
	Out, Err string
	Code     int
}

// Lines are those of the output.
func (r Result) Lines() []string {
	return strings.Split(strings.TrimRight(r.Out, "\n"), "\n")
}

func (s *Shell) command(t testing.TB, args []string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	process := exec.Command(self, args...)
	process.Dir = s.Home
	process.Env = append([]string{
		isProcess + "=1", "HOME=" + s.Home, "XDG_CACHE_HOME=" + s.Home + "/cache", "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "TZ=UTC",
		"GORACE=halt_on_error=1",
	}, s.Env...)
	return process
}

// Run runs mq to its end, without input.
func (s *Shell) Run(t testing.TB, args ...string) Result { t.Helper(); return s.Feed(t, "", args...) }

// Feed runs mq to its end, with an input.
func (s *Shell) Feed(t testing.TB, input string, args ...string) Result {
	t.Helper()
	p := s.Start(t, strings.NewReader(input), args...)
	return p.Wait(t)
}

// Process is a run of mq that has begun.
type Process struct {
	command  *exec.Cmd
	out, err *buffer
	done     chan struct{}
}

// Start begins a run of mq.
func (s *Shell) Start(t testing.TB, input io.Reader, args ...string) *Process {
	t.Helper()
	p := &Process{command: s.command(t, args), out: newBuffer(), err: newBuffer(), done: make(chan struct{})}
	p.command.Stdin, p.command.Stdout, p.command.Stderr = input, p.out, p.err
	require.NoError(t, p.command.Start())
	go func() {
		_ = p.command.Wait() // the code is in its state
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // of one that has ended it is an error, which is fine
		<-p.done
	})
	return p
}

// Signal sends a signal.
func (p *Process) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(signal))
}

// Await waits until the process has written something to its output or its errors.
func (p *Process) Await(t testing.TB, text string) {
	t.Helper()
	deadline := time.After(limit)
	for !strings.Contains(p.out.String()+p.err.String(), text) {
		select {
		case <-p.out.changed:
		case <-p.err.changed:
		case <-p.done:
			require.Contains(t, p.out.String()+p.err.String(), text, "it has ended")
			return
		case <-deadline:
			require.Contains(t, p.out.String()+p.err.String(), text)
		}
	}
}

// Wait waits for the end.
func (p *Process) Wait(t testing.TB) Result {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		_ = p.command.Process.Signal(syscall.SIGQUIT) // its goroutines tell where it stands
		<-p.done
		require.Fail(t, "mq does not end", "out: %s\nerr: %s", p.out, p.err)
	}
	result := Result{p.out.String(), p.err.String(), p.command.ProcessState.ExitCode()}
	require.NotContains(t, result.Err, "goroutine ", "a stack trace is nothing to show")
	return result
}

// buffer collects what a process writes, and tells of it.
type buffer struct {
	mu      sync.Mutex
	data    bytes.Buffer
	changed chan struct{}
}

func newBuffer() *buffer { return &buffer{changed: make(chan struct{}, 1)} }

func (b *buffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return b.data.Write(data)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

// File writes a file into the home, and returns its name.
func (s *Shell) File(t testing.TB, name, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(s.Home+"/"+name, []byte(content), 0o600))
	return name
}

// errIsClosed tells the end of a pseudo-terminal, which Linux reports as an I/O error.
func errIsClosed(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) }

// RunInto runs mq to its end with a file, which it closes, for the output.
func (s *Shell) RunInto(t testing.TB, out *os.File, args ...string) Result {
	t.Helper()
	p := &Process{command: s.command(t, args), out: newBuffer(), err: newBuffer(), done: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = out, p.err
	require.NoError(t, p.command.Start())
	require.NoError(t, out.Close())
	go func() {
		_ = p.command.Wait() // the code is in its state
		close(p.done)
	}()
	return p.Wait(t)
}
