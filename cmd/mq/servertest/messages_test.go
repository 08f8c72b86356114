package servertest

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// message is a line of --json.
type message struct {
	Id      string            `json:"message_id"`
	Type    string            `json:"message_type"`
	Corr    string            `json:"correlation_id"`
	Count   int               `json:"delivery_count"`
	Headers map[string]string `json:"headers"`
	Message []byte            `json:"message"`
	Body    any               `json:"body"`
}

func decode(t *testing.T, result mqtest.Result) (messages []message) {
	t.Helper()
	require.Zero(t, result.Code, result.Err)
	for _, line := range result.Lines() {
		if line == "" {
			continue
		}
		var one message
		require.NoError(t, json.Unmarshal([]byte(line), &one), line)
		messages = append(messages, one)
	}
	return messages
}

// ok runs mq and expects it to do what it is told.
func ok(t *testing.T, shell *mqtest.Shell, args ...string) string {
	t.Helper()
	result := shell.Run(t, args...)
	require.Zero(t, result.Code, "mq %s\n%s", strings.Join(args, " "), result.Err)
	return result.Out
}

func count(t *testing.T, shell *mqtest.Shell, queue string) string {
	t.Helper()
	return strings.TrimSpace(ok(t, shell, "count", queue))
}

func TestMessagesGoInAndComeOut(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	require.Regexp(t, `^sent 1 message to orders, id my-id\n$`,
		ok(t, shell, "send", orders, `{"n":1}`, "--type", "order", "--correlation-id", "c-1", "-H", "colour=red", "-H", "empty=", "--id", "my-id"))
	binary := shell.File(t, "binary", "\x00\x01\xff")
	ok(t, shell, "send", "--queue", orders, "@"+binary)
	require.Zero(t, shell.Feed(t, "from a pipe", "send", orders).Code)
	ok(t, shell, "send", orders, "@@home")
	require.Equal(t, "4", count(t, shell, orders))

	peeked := decode(t, shell.Run(t, "peek", orders, "--json"))
	require.Len(t, peeked, 4)
	require.Equal(t, message{"my-id", "order", "c-1", 0, map[string]string{"colour": "red", "empty": ""}, []byte(`{"n":1}`), map[string]any{"n": 1.0}}, peeked[0])
	require.Equal(t, []byte{0, 1, 0xff}, peeked[1].Message)
	require.Nil(t, peeked[1].Body)
	require.Equal(t, "from a pipe", peeked[2].Body)
	require.Equal(t, "@home", peeked[3].Body)

	received := decode(t, shell.Run(t, "receive", orders, "--json", "-n", "9"))
	require.Len(t, received, 4)
	require.Equal(t, "4", count(t, shell, orders), "they were given back")
	taken := decode(t, shell.Run(t, "receive", orders, "--json", "--ack"))
	require.Equal(t, 1, taken[0].Count, "giving back has not counted")
	require.Equal(t, "3", count(t, shell, orders))
}

func TestOneCommandReadsWhatAnotherOneWrites(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	from, to := nats.url("from"), nats.url("to")
	shell.Feed(t, `{"body":{"n":1},"message_type":"order","headers":{"a":"b"}}`+"\n\n"+`{"message":"AAH/","message_id":"id-2"}`+"\n"+`{"body":"text"}`,
		"send", from, "--jsonl", "--type", "other", "-H", "all=of them")
	lines := ok(t, shell, "peek", from, "--json")
	require.Zero(t, shell.Feed(t, lines, "send", to, "--jsonl").Code)
	before, after := decode(t, shell.Run(t, "peek", from, "--json")), decode(t, shell.Run(t, "peek", to, "--json"))
	require.Len(t, before, 3)
	require.Equal(t, before, after)
	require.Equal(t, []string{"order", "other", "other"}, []string{after[0].Type, after[1].Type, after[2].Type})
	require.Equal(t, map[string]string{"a": "b", "all": "of them"}, after[0].Headers)
	require.Equal(t, "id-2", after[1].Id)
	require.Equal(t, []byte{0, 1, 0xff}, after[1].Message)
}

func TestASettledMessageIsSettled(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "a", "-n", "3")
	ok(t, shell, "receive", orders, "--abandon")
	require.Equal(t, 2, decode(t, shell.Run(t, "receive", orders, "--json"))[0].Count, "abandoning counts")
	ok(t, shell, "receive", orders, "--dead", "-n", "2")
	require.Equal(t, "1", count(t, shell, orders))
	dead := decode(t, shell.Run(t, "dead", "list", orders, "--json"))
	require.Len(t, dead, 2)
	require.Equal(t, "requested", dead[0].Headers["dead_letter_reason"])
}

func TestDelayedMessagesComeLater(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, "much later", "--delay", "1h")
	require.Equal(t, 3, shell.Run(t, "receive", orders).Code)
	ok(t, shell, "send", orders, "later", "--delay", "1s")
	require.Equal(t, "later", decode(t, shell.Run(t, "receive", orders, "--json", "--wait", "20s"))[0].Body)
}

func TestCommandsThatLookDoNotMakeTheQueue(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	for _, args := range [][]string{{"count"}, {"peek"}, {"receive"}, {"listen", "--ack"}, {"stats"}, {"purge", "--yes"}, {"dead", "list"}} {
		result := shell.Run(t, append(args, nats.url("typo"))...)
		require.Equal(t, 2, result.Code, "%s: %s", args, result.Err)
		require.Contains(t, result.Err, "there is no stream typo")
		require.Equal(t, 1, strings.Count(result.Err, "\n"), result.Err)
	}
	require.NotContains(t, ok(t, shell, "list", nats.url("")), "typo")
}

func TestCtrlCInABulkStopsAfterALineAndSkipGoesOn(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	var lines strings.Builder
	for range 200 {
		lines.WriteString(`{"body":"x"}` + "\n")
	}
	file := shell.File(t, "bulk.jsonl", lines.String())
	bulk := shell.Start(t, nil, "send", orders, "--jsonl", "@"+file, "--rate", "100", "-v")
	bulk.Await(t, "Sent message")
	bulk.Signal(t, syscall.SIGINT)
	result := bulk.Wait(t)
	require.Equal(t, 130, result.Code, result.Err)
	sent := count(t, shell, orders)
	require.NotEqual(t, "200", sent)
	require.Contains(t, result.Out, "sent "+sent+" message")
	require.Contains(t, result.Err, "--skip "+sent+" goes on from there")
	ok(t, shell, "send", orders, "--jsonl", "@"+file, "--skip", sent)
	require.Equal(t, "200", count(t, shell, orders))
}

// hostile is a message that would like to be more than a message.
func hostile(t *testing.T, shell *mqtest.Shell, queue string) {
	evil := "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\r\n"
	line, err := json.Marshal(map[string]any{
		"message_id": "id" + evil, "message_type": "type" + evil, "correlation_id": "c" + evil,
		"headers": map[string]string{"dead_letter_error": evil, "name": evil}, "message": []byte(`{"k` + "\u009b" + `":"\u001b[31m\u009b"}`),
	})
	require.NoError(t, err)
	require.Zero(t, shell.Feed(t, string(line), "send", queue, "--jsonl").Code)
	require.Zero(t, shell.Feed(t, "text "+evil+strings.Repeat("harmless ", 20), "send", queue).Code)
	require.Zero(t, shell.Feed(t, "\x00"+evil, "send", queue).Code)
}

func TestAHostileMessageCannotDriveTheTerminal(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	hostile(t, shell, orders)
	for _, args := range [][]string{
		{"peek", orders},
		{"peek", orders, "--json"},
		{"receive", orders, "-n", "3"},
		{"listen", orders, "--max", "3", "--idle", "5s", "--exec", "cat; cat >&2; exit 100"},
		{"dead", "list", orders},
		{"dead", "list", orders, "--json"},
		{"dead", "show", orders, "id\x1b]0;owned\x07"},
		{"dead", "redrive", orders, "--dry-run"},
		{"dead", "redrive", orders},
		{"listen", orders, "--ack", "--max", "3", "--idle", "5s"},
	} {
		shown := shell.Open(t, args...).Wait(t).Out
		safe := colours.ReplaceAllString(strings.ReplaceAll(shown, "\r\n", "\n"), "")
		for _, forbidden := range []string{"\x1b]", "\x1b[2J", "\u009b", "\u202e", "\x07", "\x00"} {
			require.NotContains(t, safe, forbidden, "%q", args)
		}
		require.NotEmpty(t, safe)
	}
}

func TestWhatNobodyReadsIsNotSettled(t *testing.T) {
	t.Parallel()
	nats, shell := startNATS(t), mqtest.NewShell(t)
	orders := nats.url("orders")
	ok(t, shell, "send", orders, strings.Repeat("x", 1000), "-n", "20")
	for _, args := range [][]string{{"receive", orders, "--ack", "-n", "20"}, {"listen", orders, "--ack"}} {
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, reader.Close())
		result := shell.RunInto(t, writer, args...)
		require.Equal(t, 1, result.Code, result.Err)
		require.Contains(t, result.Err, "output is closed")
		require.Equal(t, "20", count(t, shell, orders))
	}
	require.Equal(t, 1, decode(t, shell.Run(t, "receive", orders, "--json"))[0].Count, "nobody has seen it, so no delivery counts")
}
