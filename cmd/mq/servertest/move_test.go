package servertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// send sends numbered messages.
func send(t *testing.T, shell *mqtest.Shell, queue string, count int) (all []string) {
	t.Helper()
	var lines strings.Builder
	for i := range count {
		fmt.Fprintf(&lines, `{"body":"m%d","message_id":"id-%d","headers":{"n":"%d"}}`+"\n", i, i, i)
		all = append(all, fmt.Sprintf("m%d", i))
	}
	require.Zero(t, shell.Feed(t, lines.String(), "send", queue, "--jsonl").Code)
	return all
}

func TestMessagesMoveFromServerToServer(t *testing.T) {
	t.Parallel()
	here, there, shell := startNATS(t), startNATS(t), mqtest.NewShell(t)
	from, to := here.url("orders"), there.url("orders")
	all := send(t, shell, from, 20)
	require.Equal(t, fmt.Sprintf("would move 5 messages to %s\n", to), ok(t, shell, "move", from, to, "--dry-run", "--filter", "body~^m.$", "--max", "5"))
	require.Equal(t, fmt.Sprintf("moved 5 messages from %s to %s\n", from, to), ok(t, shell, "move", from, to, "--max", "5"))
	require.Equal(t, all[5:], bodies(t, shell, from))
	ok(t, shell, "move", from, to, "--filter", "n~7$")
	ok(t, shell, "move", from, to)
	require.Equal(t, append(append(append([]string{}, all[:5]...), "m7", "m17"), without(all[5:], "m7", "m17")...), bodies(t, shell, to))
	require.Empty(t, bodies(t, shell, from))
	require.Empty(t, journals(t, shell))
	require.Equal(t, map[string]string{"n": "0"}, decode(t, shell.Run(t, "peek", to, "--json"))[0].Headers)
}

func without(all []string, some ...string) (left []string) {
	for _, one := range all {
		if !strings.Contains(" "+strings.Join(some, " ")+" ", " "+one+" ") {
			left = append(left, one)
		}
	}
	return left
}

func journals(t *testing.T, shell *mqtest.Shell) []string {
	found, err := filepath.Glob(filepath.Join(shell.Home, "cache", "mq", "*"))
	require.NoError(t, err)
	return found
}

// However a move is ended, going on with it loses nothing and sends nothing twice.
func TestAMoveThatIsKilledOrStoppedGoesOn(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there, shell := startNATS(t), startNATS(t), mqtest.NewShell(t)
			from, to := here.url("orders?lock_timeout=1000"), there.url("orders")
			all := send(t, shell, from, 60)
			moving := shell.Start(t, nil, "move", from, to, "--rate", "100", "-v")
			moving.Await(t, "Completed message id-3")
			moving.Signal(t, signal)
			result := moving.Wait(t)
			if signal == syscall.SIGINT {
				require.Equal(t, 130, result.Code)
				require.Contains(t, result.Out, "the same command again goes on from here")
			}
			require.Len(t, journals(t, shell), 1)
			require.Eventually(t, func() bool { // what the killed one held comes back when its lock ends
				return shell.Run(t, "move", from, to).Code == 0 && len(bodies(t, shell, to)) >= len(all)
			}, 30*time.Second, 200*time.Millisecond)
			require.ElementsMatch(t, all, bodies(t, shell, to))
			require.Empty(t, bodies(t, shell, from))
			require.Empty(t, journals(t, shell))
		})
	}
}

func TestAMessageThatWasSentAndNotRemovedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	here, there, shell := startNATS(t), startNATS(t), mqtest.NewShell(t)
	from, to := here.url("orders"), there.url("orders")
	send(t, shell, from, 3)
	ok(t, shell, "copy", from, to, "--max", "1")
	// As if a move had been killed when it had sent the first one: that is what its journal would say.
	require.NoError(t, os.WriteFile(filepath.Join(shell.Home, "journal"), []byte("+"+keyOfFirst+"\n"), 0o600))
	result := shell.Run(t, "move", from, to, "--journal", "journal")
	require.Zero(t, result.Code, result.Err)
	require.Contains(t, result.Err, "going on where an earlier run was cut short: 1 message sent by it already")
	require.Contains(t, result.Out, "moved 2 messages")
	require.Contains(t, result.Out, "and 1 that an earlier run had sent")
	require.Equal(t, []string{"m0", "m1", "m2"}, bodies(t, shell, to))
	require.Empty(t, bodies(t, shell, from))
}

// keyOfFirst is what a journal calls the message with the id id-0 and the payload m0.
const keyOfFirst = "defe1602a57364715ea30302ae315e2c"

func TestACopyLeavesEverythingWhereItIs(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	from, to := nats.url("orders"), nats.url("copy")
	all := send(t, shell, from, 5)
	require.Contains(t, ok(t, shell, "copy", from, to), "copied 5 messages")
	require.Equal(t, all, bodies(t, shell, from))
	require.Equal(t, all, bodies(t, shell, to))
	require.JSONEq(t, fmt.Sprintf(`{"copied":2,"resumed":0,"left":3,"from":%q,"to":%q}`, from, to), ok(t, shell, "copy", from, to, "--json", "-f", "body~[12]"))
}

func TestAMoveShowsItsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	send(t, shell, nats.url("a"), 60)
	screen := shell.Open(t, "move", nats.url("a"), nats.url("b"), "--rate", "100").Wait(t)
	require.Zero(t, screen.Code)
	require.Regexp(t, `move +\d+% \|█+ *\| \(\d+/60, \d+ msg/s\)`, screen.Out)
}
