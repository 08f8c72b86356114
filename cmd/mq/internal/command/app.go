package command

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
)

// app is one run of mq.
type app struct {
	terminal *terminal.Terminal
	catalog  *source.Catalog
	started  bool // a command, so that errors are no longer about the command line
	flags    struct {
		file       string
		parameters []string
		queue      string
		timeout    time.Duration
		json       bool
		colour     string
		verbose    bool
		quiet      bool
	}
}

// correlationId is what calls of mq have in logs of services, unless the user gives one.
const correlationId = "mq"

// grace is how long a call to a server may go on after Ctrl-C, so that it ends at the boundary of a message.
const grace = 5 * time.Second

// run wraps what a command does: with the queues of the container file, and what is open closed in the end.
func (a *app) run(action func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) (err error) {
		a.started = true
		ctx := command.Context()
		if a.catalog, err = source.Load(ctx, a.sourceSettings()); err != nil {
			return err
		}
		err = action(ctx, args)
		closing, cancel := toClose(ctx)
		defer cancel()
		if closed := a.catalog.Close(closing); err == nil {
			err = closed
		}
		return err
	}
}

// toClose returns a context for closing queues, also after Ctrl-C.
func toClose(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*grace)
}

func (a *app) sourceSettings() source.Settings {
	settings := source.Settings{
		File: a.flags.file, Parameters: a.flags.parameters,
		Log: source.NewLog(a.flags.verbose, func(line string) { a.terminal.Note("%s", line) }),
	}
	if a.flags.timeout > 0 {
		settings.Timeout = strconv.FormatInt(a.flags.timeout.Milliseconds(), 10)
	}
	return settings
}

// find finds the queue that is named by --queue or by the first argument, and returns the arguments after it.
func (a *app) find(ctx context.Context, args []string) (*source.Queue, []string, error) {
	if a.flags.queue != "" {
		queue, err := a.catalog.Find(ctx, a.flags.queue)
		return queue, args, err
	}
	if len(args) == 0 {
		return nil, nil, usage("which queue? name one of the container file (-c), or write a URL such as nats://localhost:4222/orders")
	}
	queue, err := a.catalog.Find(ctx, args[0])
	return queue, args[1:], err
}

// only is find for commands with no argument but the queue.
func (a *app) only(ctx context.Context, args []string) (*source.Queue, error) {
	queue, rest, err := a.find(ctx, args)
	if err == nil && len(rest) > 0 {
		return nil, usage("%q is too much: the command takes one queue", rest[0])
	}
	return queue, err
}

// existing is only, opened, for commands that must not make the queue.
func (a *app) existing(ctx context.Context, args []string) (*source.Queue, error) {
	queue, err := a.only(ctx, args)
	if err != nil {
		return nil, err
	}
	return queue, queue.OnlyIfThere(ctx).Open(ctx)
}

// answer prints a result: as JSON, or as text.
func (a *app) answer(value any, text string) error {
	if !a.flags.json {
		return a.terminal.Print(text)
	}
	line, err := show.JSONLine(value)
	if err != nil {
		return err
	}
	return a.terminal.Print(line + "\n")
}

// confirm asks before something is lost, unless --yes was given.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !a.terminal.InIsTTY() {
		return usage("%s Say so with --yes: there is no terminal to ask on", question)
	}
	agreed, err := a.terminal.Confirm(ctx, question)
	if err != nil {
		return err
	}
	if !agreed {
		a.terminal.Note("nothing was done")
		return errSaid
	}
	return nil
}

// steady returns a context for one step with a message: it outlives Ctrl-C by a grace, so that the step ends.
func steady(ctx context.Context) (context.Context, context.CancelFunc) {
	steady, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(steady, func() { timer.Stop() })
	})
	return steady, func() { stop(); cancel(nil) }
}
