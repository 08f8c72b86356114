package command_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

func TestMain(m *testing.M) { mqtest.Main(m) }

func TestTheDemoTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	result := mqtest.NewShell(t).Run(t, "demo", "--fast")
	require.Zero(t, result.Code, result.Err)
	require.Empty(t, result.Err)
	for _, line := range []string{
		`1  A container file names the queues.`,
		`     - descriptor: "pip-services:message-queue:memory:orders:1.0"`,
		`         retry_delay: 10`,
		`   sent      order-3  rope   for ?`,
		`   packed    order-1  tea, delivery 1`,
		`   failed    order-2  printer is out of paper; it comes again in 10ms, others go ahead`,
		`   packed    order-2  ink, delivery 2`,
		`   refused   order-3  no address: trying again would not help, so it is a dead letter at once`,
		`   failed    order-4  glass breaks in the machine, delivery 3 of 3; that was the last, so it is a dead letter`,
		`   dead      order-3  receiver_error after 1 delivery: no address`,
		`   dead      order-4  max_deliveries after 3 deliveries: glass breaks in the machine`,
		`   redriven  2 messages to orders`,
		`   packed    order-4  glass, delivery 1`,
		`6  5 orders sent, 5 packed, none lost.`,
	} {
		require.Contains(t, result.Lines(), line)
	}
}

func TestTheDemoStopsAtOnceWhenItIsTold(t *testing.T) {
	t.Parallel()
	demo := mqtest.NewShell(t).Start(t, nil, "demo")
	demo.Await(t, "order-1")
	demo.Signal(t, syscall.SIGINT)
	result := demo.Wait(t)
	require.Equal(t, 130, result.Code)
	require.Equal(t, "mq: stopped by Ctrl-C\n", result.Err)
}

// What goes wrong is a line that says what to do, on standard error, with a code that scripts can rely on.
func TestMistakesAreALineAndAnExitCode(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "config.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n- descriptor: pip-services:message-queue:memory:bad:1.0\n  options: {lock_timout: 5}\n")
	shell.File(t, "broken.yml", "- descriptor: a:b\n- descriptor: pip-services:message-queue:memory:orders:1.0\n  options: {lock_timout: 5}\n")
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown command":      {[]string{"sned"}, 2, `unknown command "sned" for "mq"`},
		"an unknown flag":         {[]string{"send", "--tpye", "x"}, 2, "unknown flag: --tpye"},
		"a misspelt flag":         {[]string{"send", "memory:x", "--tpye", "x"}, 2, "mq: unknown flag: --tpye; did you mean --type?"},
		"a flag of all, misspelt": {[]string{"dead", "list", "--confg", "x"}, 2, "mq: unknown flag: --confg; did you mean --config?"},
		"no number":               {[]string{"send", "memory:x", "b", "-n", "many"}, 2, "mq: --count many: write a whole number\n"},
		"no rate":                 {[]string{"send", "memory:x", "b", "--rate", "fast"}, 2, "mq: --rate fast: write a number\n"},
		"no time":                 {[]string{"receive", "memory:x", "--wait", "5"}, 2, "mq: --wait 5: write a time with its unit, such as 500ms, 30s or 2h\n"},
		"neither true nor false":  {[]string{"receive", "memory:x", "--ack=maybe"}, 2, "mq: --ack maybe: write true or false\n"},
		"no queue":                {[]string{"count"}, 2, "which queue? name a container file with -c, or write a URL"},
		"no queue to send to":     {[]string{"send"}, 2, "which queue? name one of the container file (-c), or write a URL"},
		"no file":                 {[]string{"peek", "orders"}, 2, "orders: name a container file with -c, or write the queue as a URL such as nats://localhost:4222/orders"},
		"a missing file":          {[]string{"peek", "-c", "no.yml", "orders"}, 2, "no.yml:1:1: error: cannot be read: no such file or directory"},
		"a wrong name":            {[]string{"peek", "-c", "config.yml", "oders"}, 2, "oders: config.yml has no such queue; did you mean orders?"},
		"a bad configuration":     {[]string{"peek", "-c", "config.yml", "bad"}, 2, "unknown option options.lock_timout; did you mean options.lock_timeout?"},
		"too many arguments":      {[]string{"peek", "memory:x", "y"}, 2, `"y" is too much; write mq peek QUEUE`},
		"a body in pieces":        {[]string{"send", "--queue", "memory:x", "two", "words"}, 2, `"words" is too much: put a body with spaces in quotes`},
		"a bad header":            {[]string{"send", "memory:x", "b", "-H", "x"}, 2, `--header "x": write NAME=VALUE`},
		"a missing body":          {[]string{"send", "memory:x", "@no.json"}, 2, "mq: @no.json: no such file or directory"},
		"a body without a name":   {[]string{"send", "memory:x", "@"}, 2, "mq: @: write @FILE for what is in a file, @@ for a body that begins with @"},
		"a body that is a folder": {[]string{"send", "memory:x", "@."}, 2, "mq: @.: it is no file"},
		"an unreadable file":      {[]string{"peek", "-c", "no.yml", "orders"}, 2, "no such file or directory\n"},
		"a broken file":           {[]string{"peek", "-c", "broken.yml", "orders"}, 2, " (mq check broken.yml says more)\n"},
		"a queue for a file":      {[]string{"peek", "-c", "nats://u:s3cret@h/q", "orders"}, 2, "mq: nats://u:***@h/q: this is a queue; write a container file, such as config.yml"},
		"a queue to be healed":    {[]string{"doctor", "memory:x"}, 2, "mq: memory:x: this is a queue; write a container file, such as config.yml"},
		"a queue to be checked":   {[]string{"check", "config.yml", "nats://h/q"}, 2, "mq: nats://h/q: this is a queue; write a container file, such as config.yml"},
		"queues to be compared":   {[]string{"diff", "config.yml", "memory:x"}, 2, "mq: memory:x: this is a queue; write a container file, such as config.yml"},
		"dead letters of dead":    {[]string{"dead", "list", "memory:x.dead"}, 2, "mq: x.dead has no dead letters, it holds those of others; name the queue that they come from, x"},
		"dead ones of a file":     {[]string{"dead", "redrive", "-c", "config.yml", "orders.dead"}, 2, "name the queue that they come from, orders"},
		"an id for many":          {[]string{"send", "memory:x", "b", "--id", "1", "-n", "2"}, 2, "--id is for one message"},
		"a bad line":              {[]string{"send", "memory:x", "--jsonl", `{"bodi":1}`}, 2, `mq: line 1: not a message: unknown field "bodi"; mend it, or leave it out with --skip 1`},
		"a line with a rest":      {[]string{"send", "memory:x", "--jsonl", `{"body":1} {"body":2}`}, 2, "mq: line 1: not a message: there is more behind it; mend it, or leave it out with --skip 1"},
		"a line with a bracket":   {[]string{"send", "memory:x", "--jsonl", `{"body":1}}`}, 2, "mq: line 1: not a message: there is more behind it"},
		"too large":               {[]string{"send", "memory:x?max_message_size=3", "four"}, 5, "queue x: message is too large: the payload has 4 bytes, the limit is 3"},
		"a full queue":            {[]string{"send", "memory:x?max_messages=1&overflow=reject", "four", "-n", "2"}, 5, "queue x: queue is full"},
		"nothing to receive":      {[]string{"receive", "memory:x"}, 3, "no message in x"},
		"nothing to peek at":      {[]string{"peek", "memory:x"}, 3, "no message is ready in x"},
		"no fate":                 {[]string{"listen", "memory:x"}, 2, "say what becomes of the messages: --ack, --abandon, --dead or --exec COMMAND"},
		"two fates":               {[]string{"listen", "memory:x", "--ack", "--dead"}, 2, "[ack dead]"},
		"a bad filter":            {[]string{"dead", "redrive", "memory:x", "-f", "x"}, 2, `filter "x": write FIELD=VALUE`},
		"the same queue":          {[]string{"move", "memory:x", "memory:x"}, 2, "memory:x and memory:x are the same queue"},
		"nobody to ask":           {[]string{"purge", "memory:x"}, 2, "Remove everything in x (0 messages ready) for good? Say so with --yes: there is no terminal to ask on"},
		"no server":               {[]string{"create", "memory:x"}, 5, "memory:x: operation is not supported: queues of kind memory have no server to manage them on"},
		"a bad colour":            {[]string{"count", "memory:x", "--color", "red"}, 2, `--color is auto, always or never, not "red"`},
		"a kind of schema":        {[]string{"schema", "nats"}, 2, `"nats" is too much; write mq schema`},
		"nothing to check":        {[]string{"check"}, 2, "which file? write mq check config.yml"},
		"a password in a bad URL": {[]string{"count", "nats://me:s3cret@host"}, 2, "nats://me:***@host: write the queue's name after the server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := shell.Run(t, test.args...)
			require.Equal(t, test.code, result.Code, result.Err)
			require.Contains(t, result.Err, test.says)
			require.Equal(t, 1, strings.Count(result.Err, "\n"), result.Err)
			require.NotContains(t, result.Err, "s3cret")
		})
	}
}

func TestABadLineSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	result := mqtest.NewShell(t).Feed(t, `{"body":1}`+"\n\n"+`{"body":2}`+"\nnonsense\n", "send", "memory:x", "--jsonl")
	require.Equal(t, 2, result.Code)
	require.Contains(t, result.Out, "sent 2 messages to x")
	require.Equal(t, "mq: line 4: not a message: invalid character 'o' in literal null (expecting 'u'); mend it and go on with --skip 3, or leave it out with --skip 4\n", result.Err)
}

func TestErrorsAreJSONForThoseWhoAskForJSON(t *testing.T) {
	t.Parallel()
	result := mqtest.NewShell(t).Run(t, "peek", "orders", "--json")
	require.Equal(t, 2, result.Code)
	require.Empty(t, result.Out)
	var failure struct {
		Error struct {
			Exit          int
			Code, Message string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(result.Err), &failure))
	require.Equal(t, 2, failure.Error.Exit)
	require.Equal(t, "USAGE", failure.Error.Code)
	require.Contains(t, failure.Error.Message, "name a container file with -c")
}

func TestAMessageInMemoryEndsWithTheProcessAndTheNoteSaysSo(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	result := shell.Run(t, "send", "memory:x", "hello")
	require.Zero(t, result.Code)
	require.Regexp(t, `^sent 1 message to x, id [0-9a-f]{32}\n$`, result.Out)
	require.Equal(t, "x was in the memory of this process, and is gone now; mq demo and mq bench make use of such queues\n", result.Err)
	require.Empty(t, shell.Run(t, "send", "memory:x", "hello", "--quiet").Err)
}

func TestCheckShowsProblemsWithTheirPlaces(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "bad.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n  options:\n    lock_timout: {{LOCK}}\n    listen_interval: 5\n")
	shell.File(t, "good.yml", "- descriptor: pip-services:message-queue:memory:orders:1.0\n")
	bad := shell.Run(t, "check", "bad.yml", "good.yml", "-p", "LOCK=5")
	require.Equal(t, 1, bad.Code)
	require.Empty(t, bad.Err)
	lines := bad.Lines()
	require.Len(t, lines, 4)
	require.Equal(t, "bad.yml:3:5: error: unknown option options.lock_timout; did you mean options.lock_timeout?", lines[0])
	require.Contains(t, lines[1], "bad.yml:4:22: warning: options.listen_interval is deprecated")
	require.Equal(t, "bad.yml: 1 error, 1 warning", lines[2])
	require.Equal(t, "good.yml: 0 errors, 0 warnings", lines[3])

	good := shell.Run(t, "check", "-c", "good.yml")
	require.Zero(t, good.Code)

	var report struct {
		File     string
		Problems []struct {
			Line, Column int
			Code         string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(shell.Run(t, "check", "bad.yml", "--json").Lines()[0]), &report))
	require.Equal(t, "bad.yml", report.File)
	require.Equal(t, 3, report.Problems[0].Line)

	coloured := shell.Run(t, "check", "bad.yml", "--color", "always", "-p", "LOCK=5")
	require.Contains(t, coloured.Out, "\x1b[1mbad.yml:3:5:\x1b[22m \x1b[31;1merror\x1b[0;22m: unknown option")
}

func TestDiffSaysWhatChangesForTheService(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	shell.File(t, "old.yml", `
- descriptor: pip-services:message-queue:memory:orders:1.0
  options: {max_deliveries: 5}
- descriptor: pip-services:message-queue:memory:gone:1.0
`)
	shell.File(t, "new.yml", `
- descriptor: pip-services:message-queue:memory:orders:1.0
  options: {lock_timeout: 60000, max_message_size: 1024}
- descriptor: pip-services:message-queue:memory:fresh:1.0
`)
	result := shell.Run(t, "diff", "old.yml", "new.yml")
	require.Equal(t, 1, result.Code)
	want, err := os.ReadFile("testdata/diff.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), result.Out)

	same := shell.Run(t, "diff", "old.yml", "old.yml")
	require.Zero(t, same.Code)
	require.Equal(t, "nothing changes\n", same.Out)
	require.JSONEq(t, `{"old":"old.yml","new":"old.yml","changes":[]}`, shell.Run(t, "diff", "old.yml", "old.yml", "--json").Out)
}

func TestBenchMeasuresAndLeavesNothing(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	result := shell.Run(t, "bench", "memory:x", "-n", "500", "--producers", "3", "--consumers", "2", "--size", "10", "--json")
	require.Zero(t, result.Code, result.Err)
	var measured struct {
		Sent, Received, Producers, Consumers int
		Through                              struct {
			P50 int64 `json:"p50_us"`
			Max int64 `json:"max_us"`
		}
		PerSecond float64 `json:"through_per_second"`
	}
	require.NoError(t, json.Unmarshal([]byte(result.Out), &measured))
	require.Equal(t, []int{500, 500, 3, 2}, []int{measured.Sent, measured.Received, measured.Producers, measured.Consumers})
	require.Positive(t, measured.PerSecond)
	require.LessOrEqual(t, measured.Through.P50, measured.Through.Max)

	shown := shell.Run(t, "bench", "memory:x", "-n", "100")
	require.Regexp(t, regexp.MustCompile(`(?s)^x \(memory\): 100 messages of 128 bytes, 1 producer, 1 consumer\n\nsent +\d+ a second\nthrough +\d+ a second, .*\nLATENCY +P50 +P90 +P99 +P99.9 +MAX\nsend .*\nthrough .*█.*100?\.?\d*%\n$|█`), shown.Out)
}

func TestBenchKeepsItsRateAndEndsOnCtrlC(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	result := shell.Run(t, "bench", "memory:x", "--duration", "500ms", "--rate", "100", "--json")
	require.Zero(t, result.Code, result.Err)
	var measured struct{ Sent, Received int }
	require.NoError(t, json.Unmarshal([]byte(result.Out), &measured))
	require.Positive(t, measured.Sent)
	require.LessOrEqual(t, measured.Sent, 52)

	endless := shell.Start(t, nil, "bench", "memory:x", "--duration", "1h", "--rate", "100", "--verbose", "--json")
	endless.Await(t, "Sent message")
	endless.Signal(t, syscall.SIGTERM)
	stopped := endless.Wait(t)
	require.Equal(t, 143, stopped.Code)
	require.NoError(t, json.Unmarshal([]byte(stopped.Out), &measured), "what was measured until then is shown")
	require.Equal(t, measured.Sent, measured.Received)
}

func TestHelpHasExamplesAndExitCodes(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	root := shell.Run(t, "--help")
	require.Zero(t, root.Code)
	require.Contains(t, root.Out, "130  stopped by Ctrl-C")
	for _, command := range []string{
		"demo", "send", "receive", "listen", "peek", "move", "copy", "check", "schema", "diff", "doctor", "count", "list", "create", "delete",
		"purge", "stats", "bench", "dead list", "dead show", "dead redrive", "dead purge",
	} {
		help := shell.Run(t, append(strings.Fields(command), "--help")...)
		require.Zero(t, help.Code, command)
		require.Contains(t, help.Out, "Examples:\n  mq "+command, command)
	}
}
