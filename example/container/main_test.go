package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(program.dir)
		os.Exit(code)
	}))
}

func TestDemoShowsEveryMessageAndEndsByItself(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"memory.yml": {
			"moved    stones from orders to shipments", "arrived  stones in shipments", "stopped  4 moved, 0 attempts failed",
		},
		"memory-factory.yml": {
			"moved    stones from orders to shipments", "arrived  stones in shipments", "stopped  4 moved, 0 attempts failed",
		},
		"memory-dead-letter.yml": {
			"failed   stones, attempt 3: stones are too heavy",
			"arrived  stones in rejects (max_deliveries after 3 deliveries: stones are too heavy)",
			"stopped  3 moved, 3 attempts failed",
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			p := start(t, "-c", configFile(file), "-p", "WORK_TIME=1", "--demo")
			require.Equal(t, 0, p.exitCode(), p.output())
			for _, line := range slices.Concat(want, []string{
				"fed      apples to orders", "arrived  plums in shipments", "done     4 messages fed, 4 arrived",
				"left     0 in orders", "left     0 in shipments",
			}) {
				require.Contains(t, p.lines(), line, p.output())
			}
		})
	}
}

func TestAWatchedProcessWritesWhatBefallsAMessageUntilItHasArrived(t *testing.T) {
	t.Parallel()
	file := changedConfig(t, "  options:\n    work_time:", "  options:\n    fail_on: stones\n    fail_attempts: 1\n    work_time:")
	p := start(t, "-c", file, "-p", "WORK_TIME=1;LOG_LEVEL=none", "--watch", "--json")
	_, err := io.WriteString(p.stdin, "stones\n")
	require.NoError(t, err)
	p.await(`"arrived"`)
	p.signal(syscall.SIGTERM)
	require.Equal(t, 0, p.exitCode(), p.output())
	const message = `"message":"stones","correlation_id":"line-1","message_type":"Line","headers":{"line_number":"1"}`
	for _, line := range []string{
		`{"event":"fed","queue":"orders",` + message + `}`,
		`{"event":"received","queue":"orders",` + message + `,"delivery":1}`,
		`{"event":"failed","queue":"orders",` + message + `,"delivery":1,"error":"stones are too heavy"}`,
		`{"event":"received","queue":"orders",` + message + `,"delivery":2}`,
		`{"event":"moved","queue":"orders",` + message + `,"delivery":2}`,
		`{"event":"arrived","queue":"shipments",` + message + `,"delivery":1}`,
		`{"event":"stopped","count":1}`,
		`{"event":"left","queue":"orders","count":0}`,
	} {
		require.Contains(t, p.lines(), line, p.output())
	}
}

func TestEveryAcknowledgedMessageIsAccountedForAfterSIGTERMInMidWork(t *testing.T) {
	t.Parallel()
	p := start(t, "-c", configFile("memory.yml"), "-p", "WORK_TIME=5")
	feeding := make(chan struct{})
	go func() { // as fast as it is taken, also while the process stops, until nobody reads any more
		defer close(feeding)
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(p.stdin, "line-%d\n", i); err != nil {
				return
			}
		}
	}()
	p.await("moved    line-5 from orders to shipments")
	p.signal(syscall.SIGTERM)
	require.Equal(t, 0, p.exitCode(), p.output())
	<-feeding

	fed := p.between("fed      ", " to orders")
	moved := p.between("moved    ", " from orders to shipments")
	require.Greater(t, len(fed), len(moved), "the signal was to come in mid-work")
	require.Equal(t, fed[:len(moved)], moved, "in order, each once, and nothing that was not acknowledged")
	left := len(fed) - len(moved)
	require.Contains(t, p.lines(), fmt.Sprintf("left     %d in orders, which end with this process", left), p.output())
	require.Contains(t, p.lines(), fmt.Sprintf("left     %d in shipments, which end with this process", len(moved)), p.output())
	require.Contains(t, p.lines(), fmt.Sprintf("stopped  %d moved, 0 attempts failed", len(moved)))
}

func TestWorkThatOutlastsTheDrainTimeoutGoesBackToTheQueue(t *testing.T) {
	t.Parallel()
	file := changedConfig(t, `message-queue:memory:orders:1.0"`, `message-queue:memory:orders:1.0"
  options:
    drain_timeout: 100`)
	p := start(t, "-c", file, "-p", "WORK_TIME=3600000")
	_, err := io.WriteString(p.stdin, "one\ntwo\n")
	require.NoError(t, err)
	p.await("fed      two to orders")
	p.await("started") // by then the worker, which was listening before, has the first one

	p.signal(syscall.SIGTERM)
	require.Equal(t, 0, p.exitCode(), p.output())
	require.Contains(t, p.lines(), "left     2 in orders, which end with this process", p.output())
	require.Contains(t, p.lines(), "left     0 in shipments", p.output())
}

func TestDoesNotStartWithAMisspeltOption(t *testing.T) {
	t.Parallel()
	file := changedConfig(t, `message-queue:memory:orders:1.0"`, `message-queue:memory:orders:1.0"
  options:
    lock_timout: 5`)
	p := start(t, "-c", file, "--demo")
	require.Equal(t, 1, p.exitCode(), p.output())
	require.Contains(t, p.output(), "did you mean options.lock_timeout?")
}

func TestDoesNotStartWithoutItsQueues(t *testing.T) {
	t.Parallel()
	file := changedConfig(t, "message-queue:*:orders:1.0", "message-queue:*:ordres:1.0")
	p := start(t, "-c", file, "--demo")
	require.Equal(t, 1, p.exitCode(), p.output())
	require.Contains(t, p.output(), "no component answers to dependencies.source")
}

func configFile(name string) string { return filepath.Join("..", "..", "config", name) }

// changedConfig writes a copy of memory.yml in which old is replaced.
func changedConfig(t *testing.T, old, new string) string {
	t.Helper()
	text, err := os.ReadFile(configFile("memory.yml"))
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	file := filepath.Join(t.TempDir(), "changed.yml")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), old, new)), 0o600))
	return file
}

// program is the built command: what users run, so that exit codes and signals are what they get.
var program struct {
	once sync.Once
	dir  string
	err  error
}

func programPath(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "container"); program.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", program.dir+"/", ".").CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, program.err)
	return filepath.Join(program.dir, "container")
}

// process is a running program and what it has written so far.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	read  chan struct{} // closed when there is no more to read

	mu      sync.Mutex
	changed *sync.Cond
	written []string
	over    bool
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(programPath(t), args...), read: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	stdin, err := p.cmd.StdinPipe()
	require.NoError(t, err)
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.read)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			p.note(scanner.Text(), false)
		}
		p.note("", true)
	}()
	limit := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() {
		limit.Stop()
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			p.exitCode()
		}
	})
	return p
}

func (p *process) note(line string, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written, p.over = append(p.written, line), over
	p.changed.Broadcast()
}

// await waits until the process has written a line with text in it.
func (p *process) await(text string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	has := func(line string) bool { return strings.Contains(line, text) }
	for !slices.ContainsFunc(p.written, has) {
		if p.over {
			require.Fail(p.t, "the process has ended without: "+text, strings.Join(p.written, "\n"))
		}
		p.changed.Wait()
	}
}

func (p *process) signal(signal os.Signal) { require.NoError(p.t, p.cmd.Process.Signal(signal)) }

// exitCode waits for the end of the process.
func (p *process) exitCode() int {
	<-p.read
	_ = p.cmd.Wait() // its error says no more than the exit code
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.written)
}

func (p *process) output() string { return strings.Join(p.lines(), "\n") }

// between lists what stands between prefix and suffix in the lines that have both.
func (p *process) between(prefix, suffix string) []string {
	found := []string{}
	for _, line := range p.lines() {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			if middle, ok := strings.CutSuffix(rest, suffix); ok {
				found = append(found, middle)
			}
		}
	}
	return found
}
