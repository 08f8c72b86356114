package servers

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What follows tests the keeping of processes and ports with programs that every machine has.

// startShell runs a shell script as if it were a server.
func startShell(t *testing.T, script string) *process {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProcess(exec.Command("/bin/sh", "-c", script), dir, filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// awaitLog waits until the script has printed a line.
func awaitLog(t *testing.T, p *process, line string) {
	t.Helper()
	await(t, "the script to print "+line, func() bool {
		log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
		return strings.Contains(string(log), line)
	})
}

// await waits until done is true, for at most as long as anything here may take.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	const limit = 30 * time.Second
	pause := newBackOff()
	for deadline := time.Now().Add(limit); !done(); pause.wait(nil) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()

	t.Run("one that ends when it is asked to", func(t *testing.T) {
		t.Parallel()
		p := startShell(t, "trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.01; done")
		awaitLog(t, p, "up")
		if err := p.end(syscall.SIGTERM, time.Minute); err != nil {
			t.Fatal(err)
		}
		awaitLog(t, p, "asked")
	})

	t.Run("one that does not end when it is asked to is killed, which is an error", func(t *testing.T) {
		t.Parallel()
		p := startShell(t, "trap '' TERM; echo up; while :; do sleep 0.01; done")
		awaitLog(t, p, "up")
		err := p.end(syscall.SIGTERM, 50*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), "it did not end within 50ms of terminated and was killed") {
			t.Fatal(err)
		}
		if !p.hasEnded() || len(processesIn(p.dir)) > 0 {
			t.Fatalf("left are %s", describe(processesIn(p.dir)))
		}
	})

	t.Run("daemons that left the process group are killed, too", func(t *testing.T) {
		t.Parallel()
		p := startShell(t, "setsid sleep 1000 & mkdir below; (cd below; setsid sleep 1000) & echo up; exec sleep 1000")
		awaitLog(t, p, "up")
		await(t, "all three", func() bool { return len(processesIn(p.dir)) == 3 })
		if err := p.end(syscall.SIGKILL, time.Minute); err != nil {
			t.Fatal(err)
		}
		if left := processesIn(p.dir); len(left) > 0 {
			t.Fatalf("left are %s", describe(left))
		}
	})

	t.Run("what a server leaves when it has ended in good order is killed", func(t *testing.T) {
		t.Parallel()
		p := startShell(t, "trap exit TERM; setsid sleep 1000 & echo up; while :; do sleep 0.01; done")
		awaitLog(t, p, "up")
		if err := p.end(syscall.SIGTERM, time.Minute); err != nil {
			t.Fatal(err)
		}
		if left := processesIn(p.dir); len(left) > 0 {
			t.Fatalf("left are %s", describe(left))
		}
	})
}

func TestIsServing(t *testing.T) {
	t.Parallel()
	for stat, want := range map[string]bool{
		"1 (redis-server) S 0 1 1 0 -1 4194560":       true,
		"1 (a) Z (b)) R 0 1 1 0 -1 4194560":           true,
		"1 (bash) S 0 1 1 34816 1 4194560":            false, // a person's
		"1 (redis-server) Z 0 1 1 0 -1 4194560":       false, // dead, and not yet waited for
		"1 (redis-server) X 0 1 1 0 -1 4194560":       false,
		"":                                            false,
		"1 (no end of the command) Z 0 1 1 0 -1 4194": false,
	} {
		if isServing([]byte(stat)) != want {
			t.Errorf("isServing(%q) is not %v", stat, want)
		}
	}
}

// orphanVariable makes the test binary start a server, so to say, and wait to be killed.
const orphanVariable = "SERVERS_TEST_ORPHAN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanVariable); dir != "" {
		abandonServer(dir)
	}
	os.Exit(m.Run())
}

func abandonServer(dir string) {
	if _, err := startWatchdog(dir); err != nil {
		panic(err)
	}
	log := filepath.Join(filepath.Dir(dir), "log")
	script := "setsid sleep 1000 & echo up; exec sleep 1000"
	if _, err := startProcess(exec.Command("/bin/sh", "-c", script), dir, log); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("started\n")
	select {}
}

func TestTheServersOfAKilledTestAreEnded(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(top, "server")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), orphanVariable+"="+dir)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || line != "started\n" {
		t.Fatalf("it says %q, %v", line, err)
	}
	await(t, "two processes", func() bool { return len(processesIn(dir)) == 2 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	await(t, "the watchdog to end the processes", func() bool { return len(processesIn(dir)) == 0 })
	await(t, "the watchdog to remove the folder", func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	})
}

func TestAWatchdogThatIsEndedDoesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := startWatchdog(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
}

func TestPort(t *testing.T) {
	t.Parallel()

	t.Run("one that is reserved is not given out again", func(t *testing.T) {
		t.Parallel()
		p, err := reservePort()
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(p.lock.Name())
		if again, err := tryPort(folder, p.number); again != nil || err != nil {
			t.Fatalf("port %d was given out twice: %v", p.number, err)
		}
		p.release()
		again, err := tryPort(folder, p.number)
		if again == nil || err != nil {
			t.Fatalf("port %d is not free again: %v", p.number, err)
		}
		again.release()
	})

	t.Run("one that somebody listens on is not given out", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		p, err := tryPort(t.TempDir(), listener.Addr().(*net.TCPAddr).Port)
		if p != nil || err != nil {
			t.Fatalf("got %v, %v", p, err)
		}
	})
}
