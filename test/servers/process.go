package servers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is the main process of a server, in a session of its own, and with it all others that work
// in the folder of the server.
type process struct {
	cmd   *exec.Cmd
	dir   string
	ended chan struct{} // closed when the main process has ended
}

// startProcess runs cmd in a session and folder of its own, its output appended to the file log.
func startProcess(cmd *exec.Cmd, dir, log string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, output, output
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, dir: dir, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // the state says it
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// state says how the main process has ended.
func (p *process) state() string { return p.cmd.ProcessState.String() }

// end sends the signal, waits until the main process has ended, and kills what that leaves. A main
// process that is still there after limit is killed, too, which is an error.
func (p *process) end(signal syscall.Signal, limit time.Duration) error {
	if signal == syscall.SIGKILL {
		p.kill()
	} else {
		_ = p.cmd.Process.Signal(signal) // it may have ended already
	}
	if p.awaitEnd(signal == syscall.SIGKILL, limit) {
		return nil
	}
	left := describe(processesIn(p.dir))
	p.kill()
	if !p.awaitEnd(true, killLimit) {
		return fmt.Errorf("processes %s are still there %s after SIGKILL", describe(processesIn(p.dir)), killLimit)
	}
	return fmt.Errorf("it did not end within %s of %s and was killed; left were %s", limit, signal, left)
}

// kill sends SIGKILL to the process group and to whatever else works in the folder.
func (p *process) kill() {
	if !p.hasEnded() { // else its id may be another's
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	}
	killIn(p.dir)
}

func (p *process) awaitEnd(kill bool, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	pause := newBackOff()
	for {
		if p.hasEnded() && len(processesIn(p.dir)) == 0 {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		if kill || p.hasEnded() { // also what was born while others were killed, and what outlives the server
			killIn(p.dir)
		}
		if p.hasEnded() {
			pause.wait(nil)
		} else {
			pause.wait(p.ended)
		}
	}
}

func killIn(dir string) {
	for _, pid := range processesIn(dir) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// processesIn lists the processes that work in dir or below it, but for those on a terminal: a person
// may look around there.
func processesIn(dir string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		at, err := os.Readlink(link)
		if err != nil || at != dir && !strings.HasPrefix(at, dir+"/") {
			continue
		}
		process := filepath.Dir(link)
		if stat, err := os.ReadFile(filepath.Join(process, "stat")); err != nil || !isServing(stat) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isServing tells from the line of /proc/PID/stat whether a process is alive and has no terminal.
func isServing(stat []byte) bool {
	// pid (command) state parent group session terminal …; the command may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return len(fields) > 4 && fields[0] != "Z" && fields[0] != "X" && fields[4] == "0"
}

// describe lists processes with their commands.
func describe(pids []int) string {
	texts := make([]string, len(pids))
	for i, pid := range pids {
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		texts[i] = fmt.Sprintf("%d (%s)", pid, bytes.TrimSpace(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
	}
	return strings.Join(texts, ", ")
}

// backOff paces looking again for what cannot be waited for otherwise.
type backOff struct{ pause time.Duration }

func newBackOff() *backOff { return &backOff{5 * time.Millisecond} }

// wait waits a little, the longer the more often it was called, or until done is closed.
func (b *backOff) wait(done <-chan struct{}) {
	timer := time.NewTimer(b.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
	b.pause = min(2*b.pause, 100*time.Millisecond)
}

// watchdog ends the processes of a server, and removes its folder, when this process dies.
type watchdog struct {
	cmd   *exec.Cmd
	alive io.WriteCloser // what the watchdog reads from: the end comes with this process's
}

// The shell reads a word that says that all is done, or else the end of its input. The file names
// make sure that it is not itself found in the folder.
const watch = `
read -r word
[ "$word" = done ] && exit
cd /
find() {
	for p in /proc/[0-9]*; do
		case $(readlink "$p/cwd") in "$dir"|"$dir"/*) ;; *) continue;; esac
		stat=$(cat "$p/stat") && set -- ${stat##*)} && [ "$5" = 0 ] && [ "$1" != Z ] && echo "${p#/proc/}"
	done 2>/dev/null
}
for i in 1 2 3 4 5 6 7 8 9 10; do
	left=$(find)
	[ -n "$left" ] || break
	kill -9 $left
	sleep 0.2
done
rm -rf "$dir"
`

func startWatchdog(dir string) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watch)
	cmd.Dir, cmd.Env = "/", []string{"dir=" + dir, "PATH=" + os.Getenv("PATH")}
	// Not in the group that Ctrl-C and go test's time-out end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, alive: alive}, nil
}

// end ends the watchdog without its doing anything.
func (w *watchdog) end() error {
	_, err := fmt.Fprintln(w.alive, "done")
	return errors.Join(err, w.alive.Close(), w.cmd.Wait())
}
