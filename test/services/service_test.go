package services

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serviceLimit is how long a run of the service may take: none of them works for long.
const serviceLimit = time.Minute

// event is a line of the service's journal; see example/container.
type event struct {
	What          string            `json:"event"`
	Queue         string            `json:"queue"`
	Message       string            `json:"message"`
	CorrelationId string            `json:"correlation_id"`
	Type          string            `json:"message_type"`
	Headers       map[string]string `json:"headers"`
	Delivery      int               `json:"delivery"`
	Error         string            `json:"error"`
	Capabilities  string            `json:"capabilities"`
	Count         *int64            `json:"count"`
}

// service is a running process of the service and what it has observed so far.
type service struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	read  chan struct{} // closed when there is no more to read

	mu      sync.Mutex
	changed *sync.Cond
	events  []event
	other   []string // lines that are no events
	over    bool
}

// startService runs the service with a container file and its parameters.
func startService(t testing.TB, file string, parameters ...string) *service {
	t.Helper()
	s := &service{
		t:    t,
		cmd:  exec.Command(programPath(t), "-c", file, "--watch", "--json"),
		read: make(chan struct{}),
	}
	s.cmd.Env = slices.Concat(os.Environ(), parameters, []string{"LOG_LEVEL=warn"})
	s.changed = sync.NewCond(&s.mu)
	var err error
	s.stdin, err = s.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	s.cmd.Stderr = s.cmd.Stdout
	require.NoError(t, s.cmd.Start())
	go s.listen(stdout)
	limit := time.AfterFunc(serviceLimit, func() { _ = s.cmd.Process.Kill() })
	t.Cleanup(func() {
		limit.Stop()
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			<-s.read
			_ = s.cmd.Wait()
		}
	})
	return s
}

func (s *service) listen(stdout io.Reader) {
	defer close(s.read)
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		var e event
		err := json.Unmarshal(scanner.Bytes(), &e)
		s.mu.Lock()
		if err == nil && e.What != "" {
			s.events = append(s.events, e)
		} else {
			s.other = append(s.other, scanner.Text())
		}
		s.changed.Broadcast()
		s.mu.Unlock()
	}
	s.mu.Lock()
	s.over = true
	s.changed.Broadcast()
	s.mu.Unlock()
}

// feed gives the service lines to send.
func (s *service) feed(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		_, err := io.WriteString(s.stdin, line+"\n")
		require.NoError(s.t, err)
	}
}

// await waits until count events of a sort have been seen.
func (s *service) await(count int, what string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		seen := 0
		for _, e := range s.events {
			if e.What == what {
				seen++
			}
		}
		if seen >= count {
			return
		}
		require.False(s.t, s.over, "the service has ended with %d of %d times %q:\n%s", seen, count, what, s.text())
		s.changed.Wait()
	}
}

// stop tells the service to stop, as whoever runs it does, and returns what it has observed.
func (s *service) stop() []event {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.read
	err := s.cmd.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NoError(s.t, err, "the service has failed:\n%s", s.text())
	return slices.Clone(s.events)
}

// text is everything that the service has written.
func (s *service) text() string {
	var text strings.Builder
	for _, e := range s.events {
		line, _ := json.Marshal(e)
		fmt.Fprintf(&text, "%s\n", line)
	}
	return text.String() + strings.Join(s.other, "\n")
}
