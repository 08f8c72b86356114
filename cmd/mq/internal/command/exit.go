package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Exit codes. They are part of what scripts rely on: exitHelp and docs/mq.md list them.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitNothing      = 3
	exitNoConnection = 4
	exitRefused      = 5
	exitInterrupted  = 130 // as shells have it: 128 and the number of the signal
)

const exitHelp = `  0    done
  1    failed; or check found errors, diff differences, doctor faults
  2    the command line, its input, the container file or a queue's configuration cannot be used
  3    there is no such message, or none within --wait
  4    the server cannot be reached, or does not let us in
  5    the queue refused: not supported, full, message too large, lock lost
  130  stopped by Ctrl-C before it was finished (143 by SIGTERM)`

var (
	// errNothing: there was no message. What there is to say has been said.
	errNothing = errors.New("nothing there")
	// errSaid: what there was to say has been said, and it was not a success.
	errSaid = errors.New("not done")
)

// usageError is about the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// interruption is why a context ended: a signal.
type interruption struct {
	signal string
	code   int
}

func (i *interruption) Error() string { return "stopped by " + i.signal }

// exitCode sorts an error.
func exitCode(err error) int {
	var stopped *interruption
	var misused *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &stopped):
		return stopped.code
	case errors.As(err, &misused), errors.Is(err, source.ErrName), errors.Is(err, source.ErrFile), errors.Is(err, queues.ErrBadConfig):
		return exitUsage
	case errors.Is(err, errNothing):
		return exitNothing
	case errors.Is(err, queues.ErrNoConnection):
		return exitNoConnection
	case errors.Is(err, queues.ErrNotSupported), errors.Is(err, queues.ErrQueueFull), errors.Is(err, queues.ErrMessageTooLarge),
		errors.Is(err, queues.ErrLockLost), errors.Is(err, queues.ErrBadMessage):
		return exitRefused
	default:
		return exitFailed
	}
}

// names of exit codes in --json.
var exitNames = map[int]string{
	exitFailed: "FAILED", exitUsage: "USAGE", exitNothing: "NOTHING", exitNoConnection: "NO_CONNECTION", exitRefused: "REFUSED",
}

// isSilent tells whether everything has been said.
func isSilent(err error) bool { return errors.Is(err, errNothing) || errors.Is(err, errSaid) }

// report says in a line what went wrong, without secrets, and returns the exit code.
func (a *app) report(ctx context.Context, err error) int {
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Cause(ctx)
	}
	code := exitCode(err)
	if err == nil || isSilent(err) {
		return code
	}
	text := connect.RedactURI(oneLine(err.Error()))
	if a.flags.json {
		name := exitNames[code]
		if name == "" {
			name = "STOPPED"
		}
		if line, err := show.JSONLine(map[string]any{"error": map[string]any{"exit": code, "code": name, "message": text}}); err == nil {
			a.terminal.Complain(line)
		}
		return code
	}
	a.terminal.Complain(a.terminal.ErrStyle.Bad("mq: ") + show.Line(text))
	return code
}

// oneLine puts the lines of an error behind each other.
func oneLine(text string) string {
	var whole string
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		switch {
		case whole == "" || line == "":
			whole += line
		case strings.HasSuffix(whole, ":"):
			whole += " " + line
		default:
			whole += "; " + line
		}
	}
	return whole
}
