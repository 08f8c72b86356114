// Command testsum runs go test and says how much was tested.
//
// It prints what a person wants to see of a test run (one line for a package,
// everything about a test that failed, the reason of one that was skipped) and
// ends with one line that a script can add up:
//
//	brokers/nats: 212 passed, 0 failed, 3 skipped
//
// A test that has sub-tests is counted through them, so that the numbers do not
// depend on how tests are nested. What fails outside a test (a package that does
// not compile, a TestMain that exits) counts as one failure, hence a run that
// failed never reports 0 failed.
//
// Usage:
//
//	testsum [-progress] [-no-skips] LABEL [arguments of go test]
//
// The exit status is that of go test. With -v among the arguments the output of
// passed tests is shown too. With -progress each test that has ended is a line. With
// -no-skips a skipped test is a failure, unless the conformance suite says why it
// left it out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

func main() {
	var o options
	flag.BoolVar(&o.progress, "progress", false, "print a line for each test that has ended")
	flag.BoolVar(&o.noSkips, "no-skips", false, "a skipped test is a failure")
	flag.Parse()
	if flag.NArg() < 1 {
		fmt.Fprintln(os.Stderr, "usage: testsum [-progress] [-no-skips] LABEL [arguments of go test]")
		os.Exit(2)
	}
	o.verbose = slices.Contains(flag.Args()[1:], "-v")
	status, err := run(o, flag.Arg(0), flag.Args()[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// run returns the exit status of go test; err is for a go test that could not
// be run or understood.
func run(o options, label string, args []string) (status int, err error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}

	s := newSummary(os.Stdout, o)
	readErr := s.read(events)
	waitErr := cmd.Wait()

	var exit *exec.ExitError
	switch {
	case readErr != nil:
		return 0, fmt.Errorf("reading the events of go test: %w", readErr)
	case errors.As(waitErr, &exit):
		// Failed before the first event, for example on a broken go.mod.
		if s.failed == 0 {
			s.failed = 1
		}
		status = max(exit.ExitCode(), 1)
	case waitErr != nil:
		return 0, waitErr
	case s.failed > 0: // skipped, which is no failure to go test
		status = 1
	}
	fmt.Printf("%s: %d passed, %d failed, %d skipped\n", label, s.passed, s.failed, s.skipped)
	return status, nil
}
