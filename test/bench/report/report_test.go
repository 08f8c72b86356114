package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

var update = flag.Bool("update", false, "write what is made now to testdata")

// recorded is a run that was shortened: six rounds of some benchmarks, one of the others.
func recorded(t *testing.T) *results {
	t.Helper()
	r, err := readFile("testdata/bench.txt")
	require.NoError(t, err)
	return r
}

func golden(t *testing.T, name string, made []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, made, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(made), "go test ./report -update accepts it")
}

func TestTheTableIsPrintedAsBefore(t *testing.T) {
	t.Parallel()
	var made bytes.Buffer
	require.NoError(t, recorded(t).print(&made))
	golden(t, "table.golden.txt", made.Bytes())
}

func TestThePageIsWrittenAsBefore(t *testing.T) {
	t.Parallel()
	var made bytes.Buffer
	require.NoError(t, recorded(t).page(&made))
	golden(t, "page.golden.md", made.Bytes())
}

func TestTheChartIsSVGWithEveryQueueAndWork(t *testing.T) {
	t.Parallel()
	var made bytes.Buffer
	require.NoError(t, recorded(t).chart(&made))

	var text strings.Builder
	for decoder := xml.NewDecoder(&made); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
	for _, peer := range peers {
		require.Contains(t, text.String(), peer.title)
	}
	for _, row := range rows {
		if row.onChart {
			require.Contains(t, text.String(), "("+row.letter+") "+row.text)
		}
	}
	for _, tick := range []string{"100 ns", "1 µs", "10 ms"} {
		require.Contains(t, text.String(), tick)
	}
}

func TestAChartOfNothingIsAnError(t *testing.T) {
	t.Parallel()
	r, err := read(strings.NewReader("BenchmarkOther/queue=ours-2 1 5 ns/op\n"), "test")
	require.NoError(t, err)
	require.ErrorContains(t, r.chart(io.Discard), "none of its benchmarks")
}

func TestEveryMissingFigureIsExplained(t *testing.T) {
	t.Parallel()
	r := recorded(t)
	for _, row := range rows {
		for _, peer := range peers {
			if figure, _ := r.cell(row, peer.name); figure == missing {
				require.NotEmpty(t, marksOf(peer.name, row.letter), "(%s) %s: %s", row.letter, row.text, peer.title)
			}
		}
	}
}

func TestEveryNoteBelongsToAQueueAndRows(t *testing.T) {
	t.Parallel()
	for _, note := range notes {
		_, err := choose(note.peer)
		require.NoError(t, err)
		for _, letter := range note.letters {
			require.Contains(t, letters(), string(letter), note.text)
		}
	}
}

func letters() (all string) {
	for _, row := range rows {
		all += row.letter
	}
	return all
}

func TestFiguresAreMediansAndRatiosAreTheirTimeToOurs(t *testing.T) {
	t.Parallel()
	r, err := read(strings.NewReader(`
BenchmarkCycle/queue=ours-2    10 100 ns/op
BenchmarkCycle/queue=ours-2    10 900 ns/op
BenchmarkCycle/queue=ours-2    10 110 ns/op
BenchmarkCycle/queue=channel-2 10  55 ns/op
BenchmarkCycle/queue=v1.0.0-2  10 330 ns/op
`), "test")
	require.NoError(t, err)
	require.Equal(t, 3, r.runs())

	m, ok := r.measured("Cycle", ours, seconds)
	require.True(t, ok)
	require.InDelta(t, 110e-9, m.Center, 1e-12)

	faster, ok := ratioOf("Cycle", "v1.0.0", "Cycle", ours, seconds)(r)
	require.True(t, ok)
	require.InDelta(t, 3, faster, 1e-9)

	_, ratio := r.cell(rows[0], "channel")
	require.Equal(t, "≈ 0.50 ×", ratio, "one run of theirs may be chance")
	figure, ratio := r.cell(rows[0], "gochannel")
	require.Equal(t, missing, figure)
	require.Empty(t, ratio)
	_, ok = ratioOf("Cycle", "gochannel", "Cycle", ours, seconds)(r)
	require.False(t, ok)
}

func TestGoalsHaveALeastOrAMost(t *testing.T) {
	t.Parallel()
	r, err := read(strings.NewReader(`
BenchmarkCycle/queue=ours-2   10 100 ns/op 120 cpu-ns/op 6 allocs/op
BenchmarkCycle/queue=v1.0.0-2 10 450 ns/op 600 cpu-ns/op
BenchmarkWakeup/queue=ours-2  10 20000 p50-ns 500001 p99-ns
BenchmarkExpiry/locked=0/queue=ours-2      1 1000000 pause-ns
BenchmarkExpiry/locked=100000/queue=ours-2 1 2500000 pause-ns
BenchmarkExpiry/locked=100000/collector=off/queue=ours-2 1 1500000 pause-ns
`), "test")
	require.NoError(t, err)
	require.Equal(t, []verdict{
		{"a", "times faster than messaging-gox 1.0", "at least 4.5 ×", "4.5 × (5.0 × by processor time)", "yes"},
		{"a", "allocations for a message", "at most 5", "6", "no"},
		{"e", "from Send to a waiting consumer, median", "at most 20.0 µs", "20.0 µs", "yes"},
		{"e", "from Send to a waiting consumer, 99th percentile", "at most 500 µs", "500 µs", "no"},
		{"h", "longest pause while 100 000 locks run out", "at most 2.00 ms", "2.50 ms (1.50 ms with the garbage collector off; 1.00 ms with nothing locked)", "no"},
	}, r.goals())
}

func TestWhatIsNoResultIsRefused(t *testing.T) {
	t.Parallel()
	_, err := read(strings.NewReader("goos: linux\nPASS\n"), "empty.txt")
	require.ErrorContains(t, err, "empty.txt: no benchmark results")
	_, err = read(strings.NewReader("BenchmarkCycle/queue=ours-2 10 fast ns/op\n"), "bad.txt")
	require.ErrorContains(t, err, "bad.txt:1")
}

func TestNamesAreSplitIntoBenchmarkAndQueue(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"Cycle/queue=ours-2":                   {"Cycle", ours},
		"Cycle/queue=v1.0.0":                   {"Cycle", "v1.0.0"},
		"Transfer/goroutines=4x4/queue=a-16":   {"Transfer/goroutines=4x4", "a"},
		"Telemetry/with=a+b/queue=gochannel-2": {"Telemetry/with=a+b", "gochannel"},
		"Other-2":                              {"Other", ""},
	} {
		bench, peer := benchAndPeer(benchfmt.Name(name))
		require.Equal(t, want, [2]string{bench, peer})
	}
}

func TestThePatternOfABenchmarkMatchesNoOther(t *testing.T) {
	t.Parallel()
	require.Equal(t, `^BenchmarkTelemetry$/^with=logger\+counters$/^queue=v1\.0\.0$`,
		pattern("Telemetry/with=logger+counters", peer{name: "v1.0.0"}))
}

func TestFiguresHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{1.2345e-6, seconds, "1.23 µs"},
		{123.45e-9, seconds, "123 ns"},
		{12.345e-3, pause, "12.3 ms"},
		{2.5, median, "2.50 s"},
		{3, allocated, "3"},
		{155.9, overhead, "156 B"},
		{4.46, "", "4.5 ×"},
		{0.123, "", "0.12 ×"},
		{1234.5, "", "1234 ×"},
	} {
		require.Equal(t, c.want, format(c.value, c.unit))
	}
	require.Equal(t, "100 ns ±10%", formatRange(benchmath.Summary{Center: 100e-9, Lo: 90e-9, Hi: 105e-9}, seconds))
}

func TestPollingQueuesGetFewerOrLongerRuns(t *testing.T) {
	t.Parallel()
	woken, polling := peer{name: "a"}, peer{name: "b", polls: true, steady: "7x"}
	for _, c := range []struct {
		bench         string
		woken, polled string
	}{
		{"Cycle", "1s", "1s"},
		{"Wakeup", "500x", "16x"},
		{"Transfer/goroutines=1x1", "1s", "7x"},
		{"Listen/concurrency=8", "1s", "7x"},
		{"Expiry/locked=0", "1x", "1x"},
	} {
		require.Equal(t, c.woken, benchTime(c.bench, woken, time.Second))
		require.Equal(t, c.polled, benchTime(c.bench, polling, time.Second))
	}
}

func TestBothModulesAreRunAndJoined(t *testing.T) {
	t.Parallel()
	raw, docs := filepath.Join(t.TempDir(), "raw.txt"), t.TempDir()
	require.NoError(t, report(t.Context(), []string{
		"-dir", "..", "-count", "2", "-time", "1ms", "-bench", "^Cycle$", "-queues", "channel,v1.0.0", "-raw", raw, "-docs", docs,
	}))
	r, err := readFile(raw)
	require.NoError(t, err)
	for _, peer := range []string{"channel", "v1.0.0"} {
		require.Len(t, r.samples[sampleKey{"Cycle", peer, seconds}].Values, 2)
	}
	require.Equal(t, "v1.0.0", r.config["messaging-gox"])
	require.NotEmpty(t, r.config["cpu"])

	left, err := os.ReadDir(docs)
	require.NoError(t, err)
	require.Empty(t, left, "a part of the benchmarks is no reason to write the page")
}

func TestTheDocsAreWrittenFromARecordedRun(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	require.NoError(t, report(t.Context(), []string{"-from", "testdata/bench.txt", "-docs", docs}))
	require.FileExists(t, filepath.Join(docs, "benchmarks.md"))
	require.FileExists(t, filepath.Join(docs, "benchmarks.svg"))
}

func TestWrongArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, report(t.Context(), []string{"-queues", "kafka"}), `there is no "kafka"`)
	require.ErrorContains(t, report(t.Context(), []string{"-bench", "("}), "-bench")
	require.ErrorContains(t, report(t.Context(), []string{"-from", "nothing.txt"}), "nothing.txt")
}
