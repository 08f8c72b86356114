package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of go test -json; cmd/test2json and go help buildjson say what
// it can hold.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// testID names a test; the zero Test stands for the package itself.
type testID struct{ Package, Test string }

// summary counts tests and prints the part of their output worth reading.
type summary struct {
	passed, failed, skipped int

	out io.Writer
	options
	// output holds what running tests have printed; a test leaves it when it ends.
	output map[testID]*strings.Builder
	// parents are the tests that have sub-tests, with whether one of those failed.
	parents map[testID]bool
	// failures counts what failed in a package that is still running.
	failures map[string]int
}

// options say what is printed and what fails.
type options struct{ verbose, progress, noSkips bool }

func newSummary(out io.Writer, o options) *summary {
	return &summary{
		out:      out,
		options:  o,
		output:   map[testID]*strings.Builder{},
		parents:  map[testID]bool{},
		failures: map[string]int{},
	}
}

// read takes events until r ends. A line that is no event is printed as it is.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				s.take(e)
			} else {
				fmt.Fprint(s.out, line)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (s *summary) take(e event) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "output":
		s.takeOutput(e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e)
		}
	}
}

func (s *summary) takeOutput(e event) {
	if s.verbose || e.Test == "" && e.Output != "PASS\n" {
		fmt.Fprint(s.out, e.Output)
	}
	if e.Test != "" {
		id := testID{e.Package, e.Test}
		if s.output[id] == nil {
			s.output[id] = &strings.Builder{}
		}
		if !strings.HasPrefix(e.Output, "=== ") {
			s.output[id].WriteString(e.Output)
		}
	}
}

func (s *summary) endTest(e event) {
	id := testID{e.Package, e.Test}
	childFailed, hasChildren := s.parents[id]
	delete(s.parents, id)
	if slash := strings.LastIndexByte(e.Test, '/'); slash >= 0 {
		parent := testID{e.Package, e.Test[:slash]}
		s.parents[parent] = s.parents[parent] || e.Action == "fail"
	}

	switch {
	case e.Action == "fail" && !childFailed:
		s.failed++
		s.failures[e.Package]++
	case hasChildren:
	case e.Action == "skip" && s.noSkips && !s.isExplained(id):
		fmt.Fprintf(s.out, "%s is skipped, and must not be:\n", e.Test)
		s.failed++
	case e.Action == "skip":
		s.skipped++
	case e.Action == "pass":
		s.passed++
	}
	s.endOutput(id, e.Action != "pass")
	if s.progress && !strings.Contains(e.Test, "/") {
		fmt.Fprintf(s.out, "   %s %s (%.1f s)\n", e.Action, e.Test, e.Elapsed)
	}
}

// isExplained tells whether it was the conformance suite that has skipped a test: it
// gives a reason, and has its own checks of those.
func (s *summary) isExplained(id testID) bool {
	text := s.output[id]
	return text != nil && slices.ContainsFunc(strings.Split(text.String(), "\n"), func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "suite.go:")
	})
}

// endPackage also ends the tests that a panic, a time-out or os.Exit cut short:
// what they printed says why.
func (s *summary) endPackage(e event) {
	for _, id := range s.running(e.Package) {
		if e.Action == "fail" && !s.parents[id] {
			s.endTest(event{Action: "fail", Package: id.Package, Test: id.Test})
		}
		s.endOutput(id, e.Action == "fail")
	}
	if e.Action == "fail" && s.failures[e.Package] == 0 {
		s.failed++
	}
	delete(s.failures, e.Package)
}

// running lists the tests of a package that have printed something and have not
// ended, sub-tests before their parents.
func (s *summary) running(pkg string) []testID {
	var ids []testID
	for id := range s.output {
		if id.Package == pkg {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b testID) int { return strings.Compare(b.Test, a.Test) })
	return ids
}

func (s *summary) endOutput(id testID, show bool) {
	if text := s.output[id]; text != nil && show && !s.verbose {
		fmt.Fprint(s.out, text)
	}
	delete(s.output, id)
}
