// Package command has the commands of mq, one in each file, and what they share.
package command

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
)

// Main runs mq with its arguments and streams, and returns the exit code of the process.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // whoever closes our output makes us give messages back, not die with them
	ctx, stop := untilSignal()
	defer stop()

	a := &app{terminal: terminal.New(in, out, errOut)}
	a.terminal.SetColour(terminal.ColourAuto)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.started {
		err = usage("%s", err)
	}
	return a.report(ctx, err)
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. A second one ends the process
// at once, for when something does not come to an end.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for first := true; ; first = false {
			select {
			case received := <-signals:
				why := &interruption{"Ctrl-C", exitInterrupted}
				if received == syscall.SIGTERM {
					why = &interruption{"SIGTERM", 128 + int(syscall.SIGTERM)}
				}
				if !first {
					os.Exit(why.code)
				}
				cancel(why)
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
