package servertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// container is a file with a connection to the server and two queues.
func container(t *testing.T, shell *mqtest.Shell, name string) string {
	return shell.File(t, name, `
- descriptor: pip-services:connection:nats:default:1.0
  connection: {host: "{{NATS_HOST}}{{^NATS_HOST}}127.0.0.1{{/NATS_HOST}}", port: "{{NATS_PORT}}"}
  credential: {username: "{{NATS_USER}}", password: "{{NATS_PASS}}"}
- descriptor: pip-services:message-queue:nats:orders:1.0
  dependencies: {connection: "pip-services:connection:nats:default:1.0"}
- descriptor: pip-services:message-queue:nats:shipments:1.0
  dependencies: {connection: "pip-services:connection:nats:default:1.0"}
- descriptor: shop:worker:packer:default:1.0
`)
}

func port(n *natsServer) string { return fmt.Sprintf("NATS_PORT=%d", n.port) }

func TestQueuesAreMadeListedEmptiedAndDeleted(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	file := container(t, shell, "config.yml")
	in := func(args ...string) []string { return append(args, "-c", file, "-p", port(nats)) }
	require.Equal(t, "created orders\n", ok(t, shell, in("create", "orders")...))
	require.Equal(t, "is there already: orders\n", ok(t, shell, in("create", "orders")...))
	require.Equal(t, "created other\n", ok(t, shell, "create", nats.url("other")))
	require.Equal(t, strings.Join([]string{
		"QUEUE        KIND  IN FILE  ON SERVER",
		"orders       nats  yes      yes",
		"shipments    nats  yes      -",
		"orders.dead  nats  -        yes",
		"other        nats  -        yes",
		"other.dead   nats  -        yes", "",
	}, "\n"), ok(t, shell, in("list")...))
	require.Contains(t, ok(t, shell, "list", nats.url(""), "--json"), `{"queue":"orders","kind":"nats","in_file":false,"on_server":true}`)

	ok(t, shell, in("send", "orders", "x", "-n", "3")...)
	require.Equal(t, 2, shell.Run(t, in("purge", "orders")...).Code)
	require.Equal(t, "orders is empty\n", ok(t, shell, in("purge", "orders", "--yes")...))
	require.Equal(t, "0\n", ok(t, shell, in("count", "orders")...))

	require.Equal(t, 3, shell.Run(t, in("delete", "shipments", "--yes")...).Code)
	require.Equal(t, "deleted orders\ndeleted orders.dead\n", ok(t, shell, in("delete", "orders", "--dead", "--yes")...))
	require.NotContains(t, ok(t, shell, "list", nats.url("")), "orders")
}

func TestParametersOfTheEnvironmentWin(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	shell.Env = []string{port(nats), "MQ_CONFIG=" + container(t, shell, "config.yml")}
	ok(t, shell, "send", "orders", "x", "-p", "NATS_PORT=1")
	require.Equal(t, "1", count(t, shell, "orders"))
	several := shell.Run(t, "count")
	require.Equal(t, 2, several.Code, "shipments is not there")
	require.Equal(t, "orders\t1\n", several.Out)
}

func TestStatsCountsAndWatches(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	kill(t, shell, orders, "a", "b")
	ok(t, shell, "send", orders, "x", "-n", "3")
	require.Regexp(t, `^QUEUE +KIND +READY +LOCKED +DELAYED +DEAD\norders +nats +3 +\S+ +\S+ +2\n$`, ok(t, shell, "stats", orders))

	watch := shell.Start(t, nil, "stats", orders, "--watch", "--interval", "100ms", "--json")
	watch.Await(t, `"ready_per_second":0`)
	ok(t, shell, "send", orders, "x", "-n", "5")
	watch.Await(t, `"ready":8`)
	watch.Signal(t, syscall.SIGINT)
	result := watch.Wait(t)
	require.Zero(t, result.Code, "that is how watching ends")
	grew := false
	for _, line := range result.Lines() {
		var look struct {
			Time        time.Time
			Ready, Dead int64
			Rate        float64 `json:"ready_per_second"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &look))
		require.WithinDuration(t, time.Now(), look.Time, time.Minute)
		require.EqualValues(t, 2, look.Dead)
		grew = grew || look.Rate > 0
	}
	require.True(t, grew)
	screen := shell.Open(t, "stats", orders, "--watch", "--looks", "2", "--interval", "50ms").Wait(t)
	require.Contains(t, screen.Out, "\x1b[2A\x1b[J", "the second look takes the place of the first")
}

func TestTheDoctorSeesWhatIsNotAsTheFileSays(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	file := container(t, shell, "config.yml")
	ok(t, shell, "create", "orders", "-c", file, "-p", port(nats))
	ok(t, shell, "create", nats.url("forgotten"))
	kill(t, shell, nats.url("orders"), "a")
	sick := shell.Run(t, "doctor", file, "-p", port(nats), "--probe")
	require.Equal(t, 1, sick.Code, sick.Err)
	require.Regexp(t, `(?m)^ok +orders +open +nats, opened in \d`, sick.Out)
	require.Regexp(t, `(?m)^ok +orders +latency +count \d.*, at most \d`, sick.Out)
	require.Regexp(t, `(?m)^note +orders +dead letters +1 message in orders.dead; mq dead list shows why`, sick.Out)
	require.Regexp(t, `(?m)^fault +shipments +open +.*there is no stream shipments`, sick.Out)
	require.Regexp(t, `(?m)^note +nats server +other queues +the file does not know forgotten, forgotten.dead`, sick.Out)
	require.Regexp(t, `(?m)^ok +nats server +probe +created a queue, sent in \d.*, received after \d.*, completed, deleted`, sick.Out)
	require.True(t, strings.HasSuffix(sick.Out, "\n1 fault\n"))
	require.NotContains(t, ok(t, shell, "list", nats.url("")), "mq-doctor")
	require.NotContains(t, ok(t, shell, "list", nats.url("")), "shipments", "looking has made nothing")

	ok(t, shell, "create", "shipments", "-c", file, "-p", port(nats))
	well := shell.Run(t, "doctor", "-c", file, "-p", port(nats), "--json")
	require.Zero(t, well.Code, well.Out)
	require.Contains(t, well.Out, `"faults":0`)
}

func TestCredentialsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-p4ss"
	nats := startNATS(t, func(o *server.Options) { o.Username, o.Password = "tester", secret })
	shell := mqtest.NewShell(t)
	file := container(t, shell, "config.yml")
	right := fmt.Sprintf("nats://tester:%s@127.0.0.1:%d/orders", secret, nats.port)
	wrong := fmt.Sprintf("nats://tester:%sx@127.0.0.1:%d/orders", secret, nats.port)
	var all []mqtest.Result
	run := func(code int, args ...string) {
		t.Helper()
		result := shell.Run(t, args...)
		require.Equal(t, code, result.Code, "%s: %s", args, result.Err)
		all = append(all, result)
	}
	run(0, "send", right, "x", "-v")
	run(0, "move", right, strings.Replace(right, "orders", "copy", 1), "-v", "--json")
	run(4, "send", wrong, "x", "-v")
	run(4, "count", wrong, "--json")
	run(2, "peek", right+"missing")
	parameters := []string{"-p", port(nats), "-p", "NATS_USER=tester", "-p", "NATS_PASS=" + secret}
	run(0, append([]string{"send", "orders", "x", "-c", file, "-v"}, parameters...)...)
	run(1, append([]string{"doctor", file}, parameters...)...)
	run(1, append([]string{"doctor", file, "-v"}, append(parameters[:4:4], "-p", "NATS_PASS="+secret+"x")...)...)
	run(0, append([]string{"list", "-c", file}, parameters...)...)
	run(0, append([]string{"check", file}, parameters...)...)
	for _, result := range all {
		require.NotContains(t, result.Out+result.Err, secret)
	}
}

func TestAMissingServerIsALineAtOnce(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	started := time.Now()
	for _, args := range [][]string{{"send", "nats://127.0.0.1:1/orders", "x"}, {"count", "nats://127.0.0.1:1/orders"}, {"list", "nats://127.0.0.1:1"}} {
		result := shell.Run(t, args...)
		require.Equal(t, 4, result.Code, result.Err)
		require.Contains(t, result.Err, "127.0.0.1:1")
		require.Contains(t, result.Err, "connection.host")
		require.Equal(t, 1, strings.Count(result.Err, "\n"), result.Err)
	}
	require.Less(t, time.Since(started), 8*time.Second)
}

func TestABenchmarkTakesNoMessagesOfOthers(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "x")
	refused := shell.Run(t, "bench", orders)
	require.Equal(t, 2, refused.Code)
	require.Contains(t, refused.Err, "orders holds 1 message, which a benchmark would take")
	ok(t, shell, "receive", orders, "--ack")

	running := shell.Start(t, nil, "bench", orders, "--duration", "1h", "--rate", "50", "-v")
	running.Await(t, "Sent message")
	ok(t, shell, "send", orders, "x")
	result := running.Wait(t)
	require.Equal(t, 1, result.Code)
	require.Contains(t, result.Err, "give the benchmark a queue of its own")
	require.Eventually(t, func() bool {
		return strings.Contains(ok(t, shell, "peek", orders, "-n", "100", "--json"), `"body":"x"`)
	}, 20*time.Second, 100*time.Millisecond)
	ok(t, shell, "purge", orders, "--yes")
	require.Zero(t, shell.Run(t, "bench", orders, "-n", "200", "--consumers", "4", "--producers", "2").Code)
	require.Equal(t, "0", count(t, shell, orders))
}
