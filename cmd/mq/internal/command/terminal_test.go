package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

func TestATerminalGetsColoursAndAPipeDoesNot(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "bad.yml", "- descriptor: pip-services:message-queue:pigeon:orders:1.0\n")
	screen := shell.Open(t, "check", "bad.yml").Wait(t)
	require.Equal(t, 1, screen.Code)
	require.Contains(t, screen.Out, "\x1b[31;1merror\x1b[")
	require.NotContains(t, shell.Run(t, "check", "bad.yml").Out, "\x1b")
	plain := mqtest.NewShell(t)
	plain.Env = []string{"NO_COLOR=1"}
	plain.File(t, "bad.yml", "- descriptor: pip-services:message-queue:pigeon:orders:1.0\n")
	require.NotContains(t, plain.Open(t, "check", "bad.yml").Wait(t).Out, "\x1b")
	require.NotContains(t, shell.Open(t, "check", "bad.yml", "--color", "never").Wait(t).Out, "\x1b")
}

func TestManyMessagesShowProgressOnATerminalOnly(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	screen := shell.Open(t, "send", "memory:x", "hello", "--count", "300", "--rate", "400").Wait(t)
	require.Zero(t, screen.Code)
	require.Regexp(t, `sending +\d+% \|█* *\| \(\d+/300, \d+ msg/s\) \[\d+s:\d+s\]`, screen.Out)
	require.Regexp(t, `sent 300 messages to x in \d`, screen.Out)
	piped := shell.Run(t, "send", "memory:x", "hello", "--count", "300")
	require.NotContains(t, piped.Out+piped.Err, "%")
	lines := shell.File(t, "lines.jsonl", strings.Repeat(`{"body":{"a":1},"message_type":"t"}`+"\n", 200))
	bulk := shell.Open(t, "send", "memory:x", "--jsonl", "@"+lines, "--rate", "400").Wait(t)
	require.Zero(t, bulk.Code)
	require.Regexp(t, `sending +\d+% \|.*kB/s`, bulk.Out)
}

func TestAQuestionIsAskedOnATerminal(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for answer, code := range map[string]int{"y\n": 0, "yes\n": 0, "n\n": 1, "\n": 1} {
		screen := shell.Open(t, "purge", "memory:x")
		screen.Await(t, "[y/N]")
		screen.Type(t, answer)
		result := screen.Wait(t)
		require.Equal(t, code, result.Code, "%q: %s", answer, result.Out)
		if code == 0 {
			require.Contains(t, result.Out, "x is empty")
		} else {
			require.Contains(t, result.Out, "nothing was done")
		}
	}
	unsure := shell.Open(t, "purge", "memory:x")
	unsure.Await(t, "[y/N]")
	unsure.Type(t, "\x03") // Ctrl-C
	require.Equal(t, 130, unsure.Wait(t).Code)
}
