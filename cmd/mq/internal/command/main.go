// Package command has the commands of mq, one in each file, and what they share.
package command

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
)

// Main runs mq with its arguments and streams, and returns the exit code of the process.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // whoever closes our output makes us give messages back, not die with them
	a := &app{terminal: terminal.New(in, out, errOut)}
	a.terminal.SetColour(terminal.ColourAuto)
	kinds.LogTo(func(line string) {
		if a.flags.verbose {
			a.terminal.Note("%s", line)
		}
	})
	ctx, stop := a.untilSignal()
	defer stop()

	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.started {
		err = usage("%s", err)
		a.flags.json = a.flags.json || asksForJSON(args) // flags behind the mistake have not been read
	}
	return a.report(ctx, err)
}

// asksForJSON looks for --json in arguments that cannot be read.
func asksForJSON(args []string) bool {
	asks := false
	for _, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		switch {
		case name == "--":
			return asks
		case name == "--json":
			wanted, err := strconv.ParseBool(value)
			asks = !given || err == nil && wanted
		}
	}
	return asks
}

// patience is how long an end may take before it is said how to hasten it.
const patience = time.Second

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. A second one ends the process
// at once, for when something does not come to an end.
func (a *app) untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var slow <-chan time.Time
		for first := true; ; {
			select {
			case received := <-signals:
				why := &interruption{"Ctrl-C", exitInterrupted}
				if received == syscall.SIGTERM {
					why = &interruption{"SIGTERM", 128 + int(syscall.SIGTERM)}
				}
				if !first {
					os.Exit(why.code)
				}
				first = false
				cancel(why)
				timer := time.NewTimer(patience)
				defer timer.Stop()
				slow = timer.C
			case <-slow:
				a.terminal.Note("finishing what was begun; once more ends at once")
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		<-ended
		cancel(nil)
	}
}
