package command_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

func TestShellsCompleteQueuesOfTheFile(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "config.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n- descriptor: pip-services:message-queue:memory:parcels:1.0\n")
	answer := shell.Run(t, "__complete", "send", "-c", "config.yml", "").Out
	require.Contains(t, answer, "orders\nparcels\nmemory:\n")
	require.Contains(t, shell.Run(t, "__complete", "dead", "redrive", "-c", "config.yml", "or").Out, "orders\n")
	require.Contains(t, shell.Run(t, "__complete", "count", "--color", "a").Out, "always\n")
	require.Contains(t, shell.Run(t, "__complete", "check", "").Out, "yml\nyaml\njson\n:8\n")
	for _, name := range []string{"bash", "zsh", "fish", "powershell"} {
		script := shell.Run(t, "completion", name)
		require.Zero(t, script.Code)
		require.Contains(t, script.Out, "__complete")
	}
}

// withScript is a home with a container file, the completion script of a shell, and an mq on the path.
func withScript(t *testing.T, name string) (shell *mqtest.Shell, path string) {
	t.Helper()
	shell = mqtest.NewShell(t)
	shell.File(t, "config.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n- descriptor: pip-services:message-queue:memory:parcels:1.0\n")
	shell.File(t, "_mq", shell.Run(t, "completion", name).Out)
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(shell.Home+"/mq", []byte("#!/bin/sh\nMQ_TEST_IS_PROCESS=1 exec "+self+" \"$@\"\n"), 0o700))
	return shell, "PATH=" + shell.Home + ":" + os.Getenv("PATH")
}

func TestBashReallyCompletes(t *testing.T) {
	t.Parallel()
	shell, path := withScript(t, "bash")
	// What bash does when somebody presses the tabulator key, without the package bash-completion.
	const script = `
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
compopt() { :; }
. ./_mq
COMP_WORDS=(mq peek -c config.yml par) COMP_CWORD=4 COMP_LINE='mq peek -c config.yml par' COMP_POINT=${#COMP_LINE} COMP_TYPE=9
__start_mq
printf '%s\n' "${COMPREPLY[@]}"`
	command := exec.Command("bash", "--norc", "-c", script)
	command.Dir, command.Env = shell.Home, []string{path}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "parcels", strings.TrimSpace(string(output)))
}

func TestFishReallyCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("fish is not installed")
	}
	shell, path := withScript(t, "fish")
	command := exec.Command("fish", "--no-config", "-c", `source ./_mq; complete -C"mq peek -c config.yml par"`)
	command.Dir, command.Env = shell.Home, []string{path, "HOME=" + shell.Home}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "parcels", strings.TrimSpace(string(output)))
}

func TestZshReallyCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip("zsh is not installed")
	}
	shell, path := withScript(t, "zsh")
	shell.File(t, "begin", "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d dump; echo is ready\n")
	command := exec.Command("zsh", "-f")
	command.Dir, command.Env = shell.Home, []string{path, "HOME=" + shell.Home, "TERM=xterm", "PS1=> "}
	screen := shell.OpenCommand(t, command)
	screen.Await(t, ">")
	screen.Type(t, "source ./begin\n")
	screen.Await(t, "is ready")
	screen.Type(t, "mq peek -c config.yml par\t")
	screen.Await(t, "parcels")
	screen.Type(t, "\x15exit\n") // Ctrl-U takes the line back
	screen.Wait(t)
}
