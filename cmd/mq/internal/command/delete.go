package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
)

func (a *app) delete() *cobra.Command {
	var yes, withDead bool
	command := &cobra.Command{
		Use: "delete QUEUE", Short: "remove a queue from its server, with its messages",
		Long:    "Removes a queue from its server, with all its messages. It asks before, unless --yes is given. Exit code 3: there is none.",
		Example: "  mq delete -c config.yml orders\n  mq delete nats://localhost:4222/orders --dead --yes",
		Args:    takes(0, 1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			queue, err := a.only(ctx, args)
			if err != nil {
				return err
			}
			server, err := queue.Server(ctx)
			if err != nil {
				return err
			}
			names, listed, err := server.Names()
			if err != nil {
				return err
			}
			if listed && !slices.Contains(names, queue.Name()) {
				a.terminal.Note("the server has no queue %s; it has %s", queue.Name(), orNothing(names))
				return errNothing
			}
			doomed := []string{queue.Name()}
			if dead := queue.Name() + ".dead"; withDead && (!listed || slices.Contains(names, dead)) {
				doomed = append(doomed, dead)
			}
			if err := a.confirm(ctx, yes, fmt.Sprintf("Delete %s with all messages?", strings.Join(doomed, " and "))); err != nil {
				return err
			}
			for _, name := range doomed {
				if err := server.DeleteQueue(name); err != nil {
					return err
				}
				if err := a.answer(map[string]any{"queue": name, "deleted": true}, fmt.Sprintf("deleted %s\n", show.Line(name))); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	command.Flags().BoolVar(&withDead, "dead", false, "delete its dead-letter queue too")
	return command
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
