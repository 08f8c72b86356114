package servertest

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// kill makes dead letters: of each body one, that has failed with it.
func kill(t *testing.T, shell *mqtest.Shell, queue string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		ok(t, shell, "send", queue, body, "--type", "type-"+body, "--id", "id-"+body, "-H", "colour="+body)
	}
	ok(t, shell, "receive", queue, "--dead", "-n", "100")
}

func bodies(t *testing.T, shell *mqtest.Shell, queue string) (found []string) {
	t.Helper()
	result := shell.Run(t, "peek", queue, "--json", "-n", "1000")
	if result.Code == 3 {
		return nil
	}
	for _, one := range decode(t, result) {
		found = append(found, one.Body.(string))
	}
	return found
}

func TestDeadLettersAreListedAndShown(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	kill(t, shell, orders, "a", "b")
	lines := strings.Split(ok(t, shell, "dead", "list", orders), "\n")
	require.Regexp(t, `^ID +TYPE +REASON +DELIVERIES +DIED +ERROR$`, lines[0])
	require.Regexp(t, `^id-a +type-a +requested +1 +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, lines[1])
	require.Regexp(t, `^id-b`, lines[2])
	require.NotContains(t, ok(t, shell, "dead", "list", orders, "-f", "colour=b"), "id-a")
	shown := ok(t, shell, "dead", "show", orders, "id-b")
	require.Contains(t, shown, "  dead_letter_source: orders\n")
	require.Contains(t, shown, "\nb\n")
	require.Equal(t, 3, shell.Run(t, "dead", "show", orders, "id-c").Code)
	require.Equal(t, 2, shell.Run(t, "dead", "show", orders).Code)
	require.Equal(t, "2", count(t, shell, nats.url("orders.dead")), "looking changes nothing")
}

func TestDeadLettersAreSentBackAsChosen(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders, dead := nats.url("orders"), nats.url("orders.dead")
	kill(t, shell, orders, "a", "b", "c", "d")
	dry := ok(t, shell, "dead", "redrive", orders, "--dry-run", "-f", "colour!=a")
	require.Contains(t, dry, "would redrive 3 dead letters of orders\n")
	require.Equal(t, "4", count(t, shell, dead))

	require.Equal(t, "sent 2 dead letters back to orders; 2 left where they were\n", ok(t, shell, "dead", "redrive", orders, "id-b", "id-d"))
	require.Equal(t, []string{"b", "d"}, bodies(t, shell, orders))
	back := decode(t, shell.Run(t, "receive", orders, "--json"))[0]
	require.Equal(t, map[string]string{"colour": "b"}, back.Headers, "the headers of its death are gone")
	require.Equal(t, 1, back.Count)
	require.Equal(t, []string{"a", "c"}, bodies(t, shell, dead), "those that stay keep their places")
	require.Equal(t, "sent 2 dead letters back to orders\n", ok(t, shell, "dead", "redrive", orders))
	require.Equal(t, "sent 0 dead letters back to orders\n", ok(t, shell, "dead", "redrive", orders))
	require.Equal(t, "4", count(t, shell, orders))
}

func TestTheRateOfARedriveIsKeptAndCtrlCStopsBetweenMessages(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders, dead := nats.url("orders"), nats.url("orders.dead")
	kill(t, shell, orders, "a", "b", "c", "d", "e")
	started := time.Now()
	ok(t, shell, "dead", "redrive", orders, "--rate", "4", "--max", "3")
	require.GreaterOrEqual(t, time.Since(started), 500*time.Millisecond)
	slow := shell.Start(t, nil, "dead", "redrive", orders, "--rate", "0.01", "-v")
	slow.Await(t, "Completed message")
	slow.Signal(t, syscall.SIGINT)
	result := slow.Wait(t)
	require.Equal(t, 130, result.Code)
	require.Equal(t, "sent 1 dead letter back to orders\n", result.Out)
	require.Equal(t, "4", count(t, shell, orders))
	require.Equal(t, "1", count(t, shell, dead))
}

func TestDeadLettersAreRemovedAsChosenAndNotWithoutAsking(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders, dead := nats.url("orders"), nats.url("orders.dead")
	kill(t, shell, orders, "a", "b", "c")
	require.Equal(t, 2, shell.Run(t, "dead", "purge", orders).Code)
	require.Contains(t, ok(t, shell, "dead", "purge", orders, "--dry-run"), "would remove 3 dead letters of orders")
	require.Equal(t, "removed 1 dead letter of orders; 2 left where they were\n", ok(t, shell, "dead", "purge", orders, "-f", "colour=b", "--yes"))
	require.Equal(t, []string{"a", "c"}, bodies(t, shell, dead))
	asked := shell.Open(t, "dead", "purge", orders)
	asked.Await(t, "[y/N]")
	asked.Type(t, "y\n")
	require.Zero(t, asked.Wait(t).Code)
	require.Equal(t, "0", count(t, shell, dead))
}
