//go:build unix

package command

import (
	"os/exec"
	"syscall"
)

// detach keeps Ctrl-C, which a terminal sends to everybody in front of it, from ending the command: it
// shall finish its message. When it must end, what it has started ends too.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
}
