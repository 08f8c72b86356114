package mqtest

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// Screen is a pseudo-terminal with mq in front of it.
type Screen struct {
	*Process
	terminal *os.File
}

// Open begins a run of mq in a terminal of its own: input, output and errors.
func (s *Shell) Open(t testing.TB, args ...string) *Screen {
	t.Helper()
	return s.OpenCommand(t, s.command(t, args))
}

// OpenCommand begins a run of something else in a terminal, a shell for instance.
func (s *Shell) OpenCommand(t testing.TB, command *exec.Cmd) *Screen {
	t.Helper()
	p := &Process{command: command, out: newBuffer(), err: newBuffer(), done: make(chan struct{})}
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 40, Cols: 120})
	require.NoError(t, err)
	read := make(chan struct{})
	go func() {
		defer close(read)
		if _, err := io.Copy(p.out, terminal); err != nil && !errIsClosed(err) {
			_, _ = p.out.Write([]byte("reading the terminal: " + err.Error())) // the test shows what was written
		}
	}()
	go func() {
		_ = command.Wait() // the code is in its state
		<-read
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill() // of one that has ended it is an error, which is fine
		<-p.done
		_ = terminal.Close()
	})
	return &Screen{p, terminal}
}

// Type types something.
func (s *Screen) Type(t testing.TB, text string) {
	t.Helper()
	_, err := s.terminal.WriteString(text)
	require.NoError(t, err)
}
