// Report runs the benchmarks of test/bench and of test/bench/v100 and joins their figures: it prints a
// table of medians and of ratios to this repository's queue, and writes docs/benchmarks.md with its
// chart. Run it with make bench.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := report(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	dir := flags.String("dir", ".", "the `folder` test/bench")
	count := flags.Int("count", 6, "how many times to run each benchmark; benchstat wants 6 or more")
	usual := flags.Duration("time", 300*time.Millisecond, "how long each run of a benchmark shall take")
	only := flags.String("bench", "", "run only benchmarks that match this `pattern`; nothing is written to docs")
	queues := flags.String("queues", "", "run only these queues, a comma-separated `list`; nothing is written to docs")
	raw := flags.String("raw", "", "the `file` for what the benchmarks print; benchstat reads it")
	from := flags.String("from", "", "run nothing, report on a `file` written by -raw")
	docs := flags.String("docs", "", "the `folder` to write benchmarks.md and benchmarks.svg to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-bench: %w", err)
	}
	r := &runner{dir: *dir, count: *count, time: *usual, chosen: chosen, peers: peers, log: os.Stderr}
	if *queues != "" {
		if r.peers, err = choose(*queues); err != nil {
			return err
		}
	}

	if *raw == "" {
		*raw = filepath.Join(os.TempDir(), "bench.txt")
	}
	var found *results
	if *from == "" {
		found, err = runTo(ctx, r, *raw)
	} else {
		*raw = *from
		found, err = readFile(*from)
	}
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, %s cores, %s; medians of %d runs; × is their time to ours\n\n",
		found.config["cpu"], found.config["cores"], found.config["go-version"], found.runs())
	if err := found.print(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\nfor benchstat: %s\n", *raw)
	if *docs == "" || *only != "" || *queues != "" {
		return nil
	}
	return found.write(*docs)
}

// choose finds peers by their names.
func choose(names string) (chosen []peer, err error) {
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-queues: there is no %q", name)
		}
		chosen = append(chosen, peers[i])
	}
	return chosen, nil
}

// runTo runs the benchmarks and leaves what they print in a file. It does not read it from there: a make
// clean meanwhile shall not cost ten minutes.
func runTo(ctx context.Context, r *runner, path string) (*results, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	var printed bytes.Buffer
	if err := errors.Join(r.run(ctx, io.MultiWriter(file, &printed)), file.Close()); err != nil {
		return nil, err
	}
	return read(&printed, path)
}

func readFile(path string) (*results, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file, path)
}
