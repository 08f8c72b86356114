package command

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

const longHelp = `mq works on message queues, whatever broker is behind them.

A QUEUE is
  orders                            one of the container file that -c names (orders.dead: its dead letters)
  pip-services:message-queue:nats:orders:1.0
                                    the same by its descriptor, where a name is not enough
  nats://localhost:4222/orders      one that is given in place, with ?lock_timeout=5000 for options and .dead for its
                                    dead letters; also --queue URL in front of the other arguments
  memory:orders                     one in the memory of this process: it ends with the command

Commands that only look do not make a queue that is not there.

Exit codes:
` + exitHelp

const rootExamples = `  mq demo                                          see what it is about, without a server
  mq send nats://localhost:4222/orders '{"id":1}'
  mq listen -c config.yml orders --exec ./handle   run a command for each message
  mq dead redrive -c config.yml orders             send dead messages back
  mq move -c config.yml orders nats://backup/orders`

// root is the command without a command, with the flags that all have.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "mq", Short: "one command-line tool for any message queue", Long: longHelp, Example: rootExamples,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			if !slices.Contains([]string{terminal.ColourAuto, terminal.ColourAlways, terminal.ColourNever}, a.flags.colour) {
				return usage("--color is auto, always or never, not %q", a.flags.colour)
			}
			a.terminal.SetColour(a.flags.colour)
			a.terminal.Quiet = a.flags.quiet
			if a.flags.timeout != 0 && a.flags.timeout < time.Millisecond {
				return usage("--timeout %s: write 1ms or more", a.flags.timeout)
			}
			return checkParameters(a.flags.parameters)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.flags.file, "config", "c", os.Getenv("MQ_CONFIG"), "container file with the queues (default $MQ_CONFIG)")
	flags.StringArrayVarP(&a.flags.parameters, "param", "p", nil, "NAME=VALUE for the container file, as a service takes it; the environment wins")
	flags.StringVar(&a.flags.queue, "queue", "", "URL or name of the queue, instead of the first argument")
	flags.DurationVar(&a.flags.timeout, "timeout", 0, "how long to try to reach a server (as options.connect_timeout)")
	flags.BoolVar(&a.flags.json, "json", false, "write results as JSON, one object a line")
	flags.StringVar(&a.flags.colour, "color", terminal.ColourAuto, "colours: auto, always, never")
	flags.BoolVarP(&a.flags.verbose, "verbose", "v", false, "say what queues log, on standard error")
	flags.BoolVarP(&a.flags.quiet, "quiet", "q", false, "no notes and no progress on standard error")
	// These fail only for a flag that is not there, which the test of completions would show.
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{terminal.ColourAuto, terminal.ColourAlways, terminal.ColourNever}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.MarkPersistentFlagFilename("config", "yml", "yaml", "json")
	_ = root.RegisterFlagCompletionFunc("queue", a.completeQueue)

	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"To begin with:", []*cobra.Command{a.demo()}},
		{"Messages:", []*cobra.Command{a.send(), a.receive(), a.listen(), a.peek(), a.dead(), a.move(), a.copy()}},
		{"Configurations:", []*cobra.Command{a.check(), a.schema(), a.diff(), a.doctor()}},
		{"Queues:", []*cobra.Command{a.count(), a.list(), a.create(), a.delete(), a.purge(), a.stats(), a.bench()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, command := range group.commands {
			command.GroupID = group.title
			root.AddCommand(command)
		}
	}
	root.SetFlagErrorFunc(explainFlag)
	withCommands(root)
	return root
}

// completeQueue offers the queues of the container file, and ways to begin a URL.
func (a *app) completeQueue(command *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	var offered []string
	directive := cobra.ShellCompDirectiveNoFileComp
	if catalog, err := source.Load(command.Context(), source.Settings{File: a.flags.file, Parameters: a.flags.parameters}); err == nil {
		offered = catalog.Names()
	}
	for _, component := range kinds.Components() {
		if component.Type != config.ComponentQueue {
			continue
		}
		url := component.Kind + ":"
		if component.NeedsConnection {
			url += "//"
		}
		if strings.HasPrefix(url, begun) {
			offered = append(offered, url)
			directive |= cobra.ShellCompDirectiveNoSpace // something must follow
		}
	}
	return slices.DeleteFunc(offered, func(name string) bool { return !strings.HasPrefix(name, begun) }), directive
}

// queuesOf completes the first so many arguments with queues.
func (a *app) queuesOf(count int) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= count {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return a.completeQueue(command, args, toComplete)
	}
}
