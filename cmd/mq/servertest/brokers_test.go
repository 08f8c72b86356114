//go:build brokers

package servertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// queueKind is the kind of queues on a kind of servers.
var queueKind = map[servers.Kind]string{
	servers.KindNATS: "nats", servers.KindPostgres: "postgres", servers.KindRedis: "redis", servers.KindRabbitMQ: "rabbitmq",
	servers.KindMosquitto: "mqtt", servers.KindKafka: "kafka",
}

var start = map[servers.Kind]func(testing.TB, ...servers.Option) *servers.Server{
	servers.KindNATS: servers.NATS, servers.KindPostgres: servers.Postgres, servers.KindRedis: servers.Redis, servers.KindRabbitMQ: servers.RabbitMQ,
	servers.KindMosquitto: servers.Mosquitto, servers.KindKafka: servers.Kafka,
}

// broker is a real server, and what mq is told about it.
type broker struct {
	t     *testing.T
	shell *mqtest.Shell
	kind  string
	uri   string // without a query
	query string
}

func newBroker(t *testing.T, kind servers.Kind, options ...servers.Option) *broker {
	server := start[kind](t, options...)
	uri, query, _ := strings.Cut(server.URI(), "?")
	scheme, rest, _ := strings.Cut(uri, "://")
	if scheme == "tcp" { // which several kinds have
		scheme = queueKind[kind] + "+" + scheme
	}
	return &broker{t: t, shell: mqtest.NewShell(t), kind: queueKind[kind], uri: scheme + "://" + strings.TrimRight(rest, "/"), query: query}
}

func (b *broker) url(queue string) string {
	url := b.uri + "/" + queue
	if b.query != "" {
		if strings.Contains(url, "?") {
			return url + "&" + b.query
		}
		return url + "?" + b.query
	}
	return url
}

func (b *broker) ok(args ...string) string { b.t.Helper(); return ok(b.t, b.shell, args...) }

// supports tells whether a command works on this kind; if not it must say so properly.
func (b *broker) supports(args ...string) bool {
	b.t.Helper()
	result := b.shell.Run(b.t, args...)
	if result.Code == 5 {
		require.Contains(b.t, result.Err, "not supported", "%s", args)
		return false
	}
	require.Contains(b.t, []int{0, 3}, result.Code, "%s: %s", args, result.Err)
	return true
}

// waits is how long a message may take from here to there.
const waits = "20s"

func TestEveryCommandWorksOnEveryRealBroker(t *testing.T) {
	for _, kind := range servers.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			b := newBroker(t, kind)
			orders := b.url("orders")
			b.ok("create", orders)
			b.listed(orders, true)
			b.ok("send", orders, `{"n":1}`, "--type", "order", "--correlation-id", "c-1", "-H", "colour=red", "--id", "id-1")
			b.ok("send", orders, "second", "--id", "id-2")
			if b.supports("count", orders) {
				require.Equal(t, "2", count(t, b.shell, orders))
			}
			if b.supports("peek", orders) {
				require.Len(t, decode(t, b.shell.Run(t, "peek", orders, "--json")), 2)
			}
			first := decode(t, b.shell.Run(t, "receive", orders, "--json", "--wait", waits))[0]
			require.Equal(t, []any{"order", "c-1", "red", `{"n":1}`, 1}, []any{first.Type, first.Corr, first.Headers["colour"], string(first.Message), first.Count})
			again := decode(t, b.shell.Run(t, "receive", orders, "--json", "--wait", waits, "-n", "2", "--ack"))
			require.Len(t, again, 2, "what was received was given back")
			require.ElementsMatch(t, []string{"id-1", "id-2"}, []string{again[0].Id, again[1].Id})
			b.supports("stats", orders)
			b.settle(b.url("settled?retry_delay=100&max_deliveries=2"))
			b.moves()
			require.Contains(t, b.ok("bench", b.url("bench"), "-n", "200", "--consumers", "2", "--json"), `"received":200`)
			b.examine()
			if b.supports("purge", orders, "--yes") {
				require.Contains(t, []int{3, 5}, b.shell.Run(t, "peek", orders).Code)
			}
			b.ok("delete", orders, "--dead", "--yes")
			b.listed(orders, false)
		})
	}
}

// listed asks the server whether the queue is there, if it can tell.
func (b *broker) listed(orders string, want bool) {
	b.t.Helper()
	result := b.shell.Run(b.t, "list", orders)
	require.Zero(b.t, result.Code, result.Err)
	if !strings.Contains(result.Err, "not supported") {
		require.Equal(b.t, want, strings.Contains(result.Out, "orders "), result.Out)
	}
}

// settle lets a command settle messages by its exit status, and looks after those that died.
func (b *broker) settle(queue string) {
	for _, body := range []string{"0", "100", "7"} {
		b.ok("send", queue, body, "--id", "id-"+body)
	}
	listened := b.shell.Run(b.t, "listen", queue, "--idle", "3s", "--exec", `exit "$(cat)"`)
	require.Zero(b.t, listened.Code, listened.Err)
	require.Contains(b.t, listened.Err, ": 1 completed, 2 failed, 2 to the dead-letter queue")
	reasons := map[string]string{}
	for _, dead := range decode(b.t, b.shell.Run(b.t, "dead", "list", queue, "--json")) {
		reasons[dead.Id] = dead.Headers["dead_letter_reason"]
	}
	require.Equal(b.t, map[string]string{"id-100": "receiver_error", "id-7": "max_deliveries"}, reasons)
	require.Contains(b.t, b.ok("dead", "redrive", queue, "id-7"), "sent 1 dead letter back")
	require.Len(b.t, decode(b.t, b.shell.Run(b.t, "receive", queue, "--json", "--wait", waits, "--ack")), 1)
	require.Contains(b.t, b.ok("dead", "purge", queue, "--yes"), "removed 1 dead letter")
}

// moves takes messages to NATS and back.
func (b *broker) moves() {
	nats := startNATS(b.t)
	here, there := b.url("moved"), nats.url("moved")
	all := send(b.t, b.shell, there, 20)
	require.Contains(b.t, b.ok("move", there, here), "moved 20 messages")
	require.Contains(b.t, b.ok("copy", here, there), "copied 20 messages")
	require.ElementsMatch(b.t, all, bodies(b.t, b.shell, there))
	b.ok("purge", there, "--yes")
	require.Eventually(b.t, func() bool { // what the copy has given back may take its time
		b.ok("move", here, there)
		return len(bodies(b.t, b.shell, there)) == len(all)
	}, 30*time.Second, 200*time.Millisecond)
	require.ElementsMatch(b.t, all, bodies(b.t, b.shell, there))
}

// examine has the doctor look at a file with the server.
func (b *broker) examine() {
	uri, _, _ := strings.Cut(b.url("x"), "/x")
	if b.query != "" {
		uri += "?" + b.query
	}
	uri = strings.Replace(uri, b.kind+"+", "", 1)
	file := b.shell.File(b.t, "config.yml", fmt.Sprintf("- descriptor: pip-services:message-queue:%s:examined:1.0\n  connection: {uri: %q}\n", b.kind, uri))
	b.ok("check", file)
	b.ok("create", "examined", "-c", file)
	healthy := b.shell.Run(b.t, "doctor", file, "--probe", "--json")
	require.Zero(b.t, healthy.Code, healthy.Out+healthy.Err)
	var report struct {
		Findings []struct{ What, State, Text string }
	}
	require.NoError(b.t, json.Unmarshal([]byte(healthy.Out), &report))
	probed := false
	for _, found := range report.Findings {
		probed = probed || found.What == "probe" && found.State == "ok"
	}
	require.True(b.t, probed, healthy.Out)
}

func TestAWrongPasswordOfARealBrokerIsALineWithoutIt(t *testing.T) {
	for _, kind := range servers.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			const secret = "s3cr3t-p4ss"
			b := newBroker(t, kind, servers.WithPassword(secret))
			b.ok("send", b.url("orders"), "x")
			wrong := b.shell.Run(t, "send", strings.Replace(b.url("orders"), secret, secret+"-not", 1), "x", "-v")
			require.Equal(t, 4, wrong.Code, wrong.Err)
			require.NotContains(t, wrong.Err, secret)
			require.NotEmpty(t, wrong.Err)
		})
	}
}
