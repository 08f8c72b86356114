package command

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/doctor"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

func (a *app) doctor() *cobra.Command {
	probe := false
	command := &cobra.Command{
		Use: "doctor [FILE]", Short: "look whether queues work on their servers as the container file says",
		Long: `Connects to each queue of a container file without making it, tries what only looks (peek, count), measures how long that
takes, compares the queues on the servers with the file, and says what a server cannot do that its kind can. It changes nothing.

With --probe it also makes a queue named mq-doctor-… on each server, sends and receives a message, and deletes it: whether
that is allowed, and how long it takes.

Exit code 1 says that there are faults.`,
		Example: "  mq doctor config/nats.yml -p NATS_HOST=nats\n  mq doctor config.yml --probe --timeout 3s",
		Args:    takes(0, 1), ValidArgsFunction: containerFiles,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.flags.file = args[0]
			}
			if a.flags.file == "" {
				a.started = true
				return usage("which file? write mq doctor config.yml")
			}
			return a.run(func(ctx context.Context, _ []string) error { return a.examine(ctx, probe) })(command, args)
		},
	}
	command.Flags().BoolVar(&probe, "probe", false, "also make, use and delete a queue on each server")
	return command
}

func (a *app) examine(ctx context.Context, probe bool) error {
	examination := &doctor.Doctor{Catalog: a.catalog, Probe: probe}
	for _, problem := range check.File(ctx, a.flags.file, source.Parameters(a.flags.parameters), kinds.Components()...).Problems {
		state := doctor.Note
		if problem.Severity == check.Error {
			state = doctor.Fault
		}
		examination.Findings = append(examination.Findings, doctor.Finding{About: a.flags.file, What: "check", State: state, Text: problem.String()})
	}
	failure := examination.Examine(ctx)
	faults := 0
	var rows [][]string
	for _, found := range examination.Findings {
		if found.State == doctor.Fault {
			faults++
		}
		rows = append(rows, []string{string(found.State), found.About, found.What, found.Text})
	}
	summary := "no faults"
	if faults > 0 {
		summary = show.Count(int64(faults), "fault")
	}
	if err := a.answer(map[string]any{"file": a.flags.file, "faults": faults, "findings": examination.Findings}, a.doctorText(rows)+summary+"\n"); err != nil {
		return errors.Join(failure, err)
	}
	if failure == nil && faults > 0 {
		return errSaid
	}
	return failure
}

func (a *app) doctorText(rows [][]string) string {
	style := a.terminal.Style
	return show.Table([]string{"", "ABOUT", "WHAT", ""}, rows, func(row, column int, cell string) string {
		switch {
		case row < 0:
			return style.Dim(cell)
		case column != 0:
			return cell
		case strings.TrimSpace(cell) == string(doctor.Fault):
			return style.Bad(cell)
		case strings.TrimSpace(cell) == string(doctor.Note):
			return style.Warn(cell)
		default:
			return style.Good(cell)
		}
	})
}
