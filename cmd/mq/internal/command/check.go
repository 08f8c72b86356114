package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

func (a *app) check() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE...", Short: "say what is wrong with container files, and start nothing",
		Long: `Checks container files as they are when a service starts with them: with the parameters of -p and the environment.
Each problem is shown with its place. Errors keep a service from starting, or a queue from doing what the file says, and
make the exit code 1. Components that have nothing to do with queues are left alone.`,
		Example: "  mq check config/config.yml\n  mq check -p NATS_HOST=nats config/*.yml --json",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: containerFiles,
		RunE: a.runLocally(func(ctx context.Context, args []string) error {
			if len(args) == 0 && a.flags.file != "" {
				args = []string{a.flags.file}
			}
			if len(args) == 0 {
				return usage("which file? write mq check config.yml")
			}
			for _, file := range args {
				if err := source.CheckIsFile(file); err != nil {
					return err
				}
			}
			wrong := false
			for _, file := range args {
				report := check.File(ctx, file, source.Parameters(a.flags.parameters), kinds.Components()...)
				wrong = wrong || report.HasErrors()
				if err := a.answer(report, a.reportText(report)); err != nil {
					return err
				}
			}
			if wrong {
				return errSaid
			}
			return nil
		}),
	}
}

// runLocally is run for commands that need no queues.
func (a *app) runLocally(action func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		a.started = true
		return action(command.Context(), args)
	}
}

// containerFiles completes names of container files.
func containerFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yml", "yaml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

func (a *app) reportText(report check.Report) string {
	style := a.terminal.Style
	var page strings.Builder
	for _, problem := range report.Problems {
		severity := style.Bad(string(problem.Severity))
		if problem.Severity == check.Warning {
			severity = style.Warn(string(problem.Severity))
		}
		fmt.Fprintf(&page, "%s %s: %s\n", style.Bold(fmt.Sprintf("%s:%d:%d:", show.Line(problem.File), problem.Line, problem.Column)),
			severity, show.Line(problem.Text))
	}
	fmt.Fprintf(&page, "%s: %s, %s\n", show.Line(report.File), show.Count(int64(len(report.Errors())), "error"), show.Count(int64(len(report.Warnings())), "warning"))
	return page.String()
}
