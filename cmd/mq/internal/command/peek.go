package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (a *app) peek() *cobra.Command {
	var max int64
	var full bool
	command := &cobra.Command{
		Use:     "peek QUEUE",
		Short:   "show what is ready, without taking it",
		Long:    "Shows the messages that would be received next. They are not locked, and no delivery counts.\n\nExit code 3 says that there is none.",
		Example: "  mq peek -c config.yml orders\n  mq peek nats://localhost/orders --max 100 --json | jq .body",
		Args:    takes(0, 1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			queue, err := a.existing(ctx, args)
			if err != nil {
				return err
			}
			found, err := queue.PeekBatch(ctx, correlationId, max)
			if errors.Is(err, queues.ErrNotSupported) {
				return fmt.Errorf("%w; mq receive shows messages too, and gives them back", err)
			}
			if err != nil {
				return err
			}
			for _, envelope := range found {
				if err := a.print(envelope, full); err != nil {
					return err
				}
			}
			if len(found) == 0 {
				a.terminal.Note("no message is ready in %s", queue.Name())
				return errNothing
			}
			return nil
		}),
	}
	command.Flags().Int64VarP(&max, "max", "n", 10, "messages to show at most")
	command.Flags().BoolVar(&full, "full", false, "show payloads of any length whole")
	least(command, "max", &max, 1)
	return command
}
