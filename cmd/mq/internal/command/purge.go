package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/move"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func (a *app) purge() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "purge QUEUE", Short: "remove all messages of a queue",
		Long: `Removes the messages of a queue: those that are ready, delayed, and locked by receivers; dead letters stay (mq dead purge).
Of a queue that cannot be cleared it takes and completes what is ready. It asks before, unless --yes is given.`,
		Example: "  mq purge -c config.yml orders\n  mq purge nats://localhost/orders --yes",
		Args:    takes(0, 1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			queue, err := a.existing(ctx, args)
			if err != nil {
				return err
			}
			if err := a.confirm(ctx, yes, "Remove "+a.inside(queue)+" for good?"); err != nil {
				return err
			}
			return a.clear(ctx, queue)
		}),
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return command
}

// inside says what a queue holds.
func (a *app) inside(queue *source.Queue) string {
	if count, err := queue.ReadMessageCount(); err == nil {
		return fmt.Sprintf("everything in %s (%s ready)", queue.Name(), show.Count(count, "message"))
	}
	return "everything in " + queue.Name()
}

func (a *app) clear(ctx context.Context, queue *source.Queue) error {
	clearer, ok := queue.IMessageQueue.(interface {
		Clear(ctx context.Context, correlationId string) error
	})
	if ok && queue.Capabilities().CanClear() {
		step, done := steady(ctx)
		defer done()
		if err := clearer.Clear(step, correlationId); err != nil {
			return err
		}
		return a.answer(map[string]any{"queue": queue.Name(), "cleared": true}, fmt.Sprintf("%s is empty\n", show.Line(queue.Name())))
	}
	if !queue.Capabilities().CanReceive() {
		return fmt.Errorf("%s: %w: it can neither be cleared nor received from", queue.Locator, queues.ErrNotSupported)
	}
	job := &move.Job{From: queue.IMessageQueue, Lock: queue.Duration(config.LockTimeout), Step: steady}
	result, failure := job.Run(ctx)
	if err := a.answer(map[string]any{"queue": queue.Name(), "removed": result.Moved},
		fmt.Sprintf("removed %s of %s\n", show.Count(result.Moved, "message"), show.Line(queue.Name()))); err != nil {
		return err
	}
	return failure
}
