package servertest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// colours are the sequences that mq itself writes: colours, and what the progress bar clears its line with.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*[mK]")

func TestListenPrintsWhatComesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "first")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		listener := shell.Start(t, nil, "listen", orders, "--ack", "--json")
		if signal == syscall.SIGINT {
			listener.Await(t, `"body":"first"`)
		} else {
			listener.Await(t, "listening to orders")
		}
		ok(t, shell, "send", orders, "second")
		listener.Await(t, `"body":"second"`)
		listener.Signal(t, signal)
		result := listener.Wait(t)
		require.Zero(t, result.Code, result.Err)
		require.Contains(t, result.Err, `"failed":0`)
	}
	require.Equal(t, "0", count(t, shell, orders))
}

func TestTheExitStatusOfACommandSettlesTheMessage(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders?retry_delay=10&max_deliveries=3")
	for _, body := range []string{"0", "100", "7"} {
		ok(t, shell, "send", orders, body, "--type", "status", "-H", "a=b")
	}
	result := shell.Run(t, "listen", orders, "--idle", "1500ms", "--exec",
		`echo "$MQ_QUEUE $MQ_MESSAGE_TYPE $MQ_DELIVERY_COUNT $MQ_HEADERS"; exit "$(cat)"`)
	require.Zero(t, result.Code, result.Err)
	require.Contains(t, result.Out, `orders status 3 {"a":"b"}`)
	require.Contains(t, result.Err, "orders: 1 completed, 3 failed, 2 to the dead-letter queue")
	require.Equal(t, "0", count(t, shell, orders))
	dead := map[string]string{}
	for _, one := range decode(t, shell.Run(t, "dead", "list", orders, "--json")) {
		dead[one.Body.(string)] = one.Headers["dead_letter_reason"] + ": " + one.Headers["dead_letter_error"]
	}
	require.Equal(t, map[string]string{"100": "receiver_error: exit status 100", "7": "max_deliveries: exit status 7"}, dead)
}

// What the last delivery makes a dead letter is one of them, whoever gave it back.
func TestListenCountsEveryDeadLetter(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders?retry_delay=10&max_deliveries=2")
	ok(t, shell, "send", orders, "x", "-n", "3")
	result := shell.Run(t, "listen", orders, "--abandon", "--max", "6", "--idle", "20s", "--json")
	require.Zero(t, result.Code, result.Err)
	require.Contains(t, result.Err, `{"summary":{"completed":0,"dead":3,"failed":6,"queue":"orders"}}`)
	ok(t, shell, "send", orders, "x", "-n", "2")
	require.Contains(t, shell.Run(t, "listen", orders, "--dead", "--max", "2").Err, "orders: 0 completed, 0 failed, 2 to the dead-letter queue")
	require.Equal(t, "5", count(t, shell, nats.url("orders.dead")))
}

func TestCtrlCLetsTheCommandFinishAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "x", "-n", "3")
	// A terminal sends Ctrl-C to everybody in front of it. The command must not notice.
	screen := shell.Open(t, "listen", orders, "--exec", `echo begun; while [ ! -e go ]; do sleep 0.05; done; echo finished`)
	screen.Await(t, "begun")
	screen.Type(t, "\x03")
	screen.Await(t, "^C")
	shell.File(t, "go", "")
	result := screen.Wait(t)
	require.Zero(t, result.Code, result.Out)
	require.Contains(t, result.Out, "finished")
	require.Contains(t, result.Out, "1 completed, 0 failed")
	require.Equal(t, "2", count(t, shell, orders))
	require.Equal(t, 1, decode(t, shell.Run(t, "receive", orders, "--json"))[0].Count)
}

func TestACommandThatDoesNotFinishIsEndedWithWhatItHasStarted(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders?drain_timeout=300")
	ok(t, shell, "send", orders, "x")
	listener := shell.Start(t, nil, "listen", orders, "--exec", `sleep 300 & echo $! > child; echo begun > begun; wait`)
	require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(shell.Home, "begun")); return err == nil }, 20*time.Second, 10*time.Millisecond)
	listener.Signal(t, syscall.SIGTERM)
	require.Zero(t, listener.Wait(t).Code)
	require.Equal(t, 1, decode(t, shell.Run(t, "receive", orders, "--json"))[0].Count, "given back, uncounted")
	child, err := os.ReadFile(filepath.Join(shell.Home, "child"))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
		return err != nil || strings.Contains(string(state), ") Z")
	}, 20*time.Second, 10*time.Millisecond)
}

func TestASecondCtrlCEndsAtOnceWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders?drain_timeout=60000")
	ok(t, shell, "send", orders, "x")
	listener := shell.Start(t, nil, "listen", orders, "--exec", "echo begun; exec >&- 2>&-; sleep 8")
	listener.Await(t, "begun")
	listener.Signal(t, syscall.SIGINT)
	listener.Await(t, "finishing what was begun; once more ends at once")
	listener.Signal(t, syscall.SIGINT)
	result := listener.Wait(t)
	require.Equal(t, 130, result.Code)
	require.NotContains(t, result.Err, "orders: ", "there was no time for a summary")
}

func TestListenStopsAfterSoManyMessages(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "x", "-n", "10")
	require.Len(t, decode(t, shell.Run(t, "listen", orders, "--ack", "--max", "4", "--json")), 4)
	require.Equal(t, "6", count(t, shell, orders))
	require.Len(t, decode(t, shell.Run(t, "listen", orders, "--dead", "--idle", "500ms", "--json", "--concurrency", "3")), 6)
	require.Equal(t, "6", count(t, shell, nats.url("orders.dead")))
}

func TestAListenerOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders?reconnect_timeout=50")
	ok(t, shell, "send", orders, "before")
	listener := shell.Start(t, nil, "listen", orders, "--ack", "--json")
	listener.Await(t, `"body":"before"`)
	nats.stop()
	nats.start(t)
	ok(t, shell, "send", orders, "after")
	listener.Await(t, `"body":"after"`)
	listener.Signal(t, syscall.SIGINT)
	require.Zero(t, listener.Wait(t).Code)
}
