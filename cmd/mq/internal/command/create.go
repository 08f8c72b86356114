package command

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
)

func (a *app) create() *cobra.Command {
	return &cobra.Command{
		Use: "create QUEUE", Short: "make a queue on its server",
		Long: `Makes a queue on its server, as a service with this configuration would when it opens it, with its
dead-letter queue. One that is there already stays as it is, or gets what the configuration asks for.`,
		Example: "  mq create -c config.yml orders\n  mq create nats://localhost:4222/orders",
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
			before, listed, err := server.Names()
			if err != nil {
				return err
			}
			queue.Force(ctx, "options.auto_create", "true")
			if err := queue.Open(ctx); err != nil {
				return err
			}
			result := map[string]any{"queue": queue.Name()}
			text := "is there: " // whether it was before is not known
			if listed {
				existed := slices.Contains(before, queue.Name())
				result["created"] = !existed
				text = map[bool]string{true: "is there already: ", false: "created "}[existed]
			}
			return a.answer(result, text+show.Line(queue.Name())+"\n")
		}),
	}
}
