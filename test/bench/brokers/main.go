// Command brokers measures queues on real servers beside the client library alone that does the same
// guaranteed work on the same server, and beside Watermill's adapter for that server:
//
//	go run . -docs ../../../docs
//
// Sending is confirmed by the server, a message that is received counts when it is acknowledged; 8 senders,
// and listening with a concurrency of 8. Each takes its turns, one after the other, so that all of them meet
// the machine in the same mood, and what is compared are the ratios of a round.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	docs := flag.String("docs", "", "folder to write broker-benchmarks.md to; empty: print it")
	messages := flag.Int("messages", 10_000, "messages of a turn")
	rounds := flag.Int("rounds", 5, "turns that each takes")
	only := flag.String("kinds", "", "kinds to measure, separated by commas; empty: all")
	flag.Parse()
	if err := run(*docs, *only, plan{*messages, *rounds}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(docs, only string, plan plan) error {
	var results []result
	var failures []error // of one kind; the others are written all the same
	for _, kind := range kinds() {
		if only != "" && !slices.Contains(strings.Split(only, ","), kind.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", kind.name)
		measured, err := measure(context.Background(), kind, plan)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", kind.name, err))
			continue
		}
		results = append(results, measured)
	}
	text, err := page(results, plan)
	if err == nil && docs == "" {
		_, err = os.Stdout.Write(text)
	} else if err == nil {
		err = os.WriteFile(filepath.Join(docs, "broker-benchmarks.md"), text, 0o644)
	}
	return errors.Join(append(failures, err)...)
}
