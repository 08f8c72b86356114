package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
)

func (a *app) count() *cobra.Command {
	return &cobra.Command{
		Use:               "count [QUEUE...]",
		Short:             "count the messages that are ready",
		Long:              "Counts the messages that are ready: not locked, not delayed, not dead. Without QUEUE: of all queues of the container file.",
		Example:           "  mq count -c config.yml\n  test $(mq count -c config.yml orders) -lt 1000 || alert",
		ValidArgsFunction: a.queuesOf(1 << 10),
		RunE: a.run(func(ctx context.Context, args []string) error {
			several, err := a.several(ctx, args)
			if err != nil {
				return err
			}
			var failures []error // one queue that is not there must not hide the others
			for _, queue := range several {
				failures = append(failures, a.countOne(ctx, queue, len(several) > 1))
			}
			return errors.Join(failures...)
		}),
	}
}

func (a *app) countOne(ctx context.Context, queue *source.Queue, named bool) error {
	if err := queue.OnlyIfThere(ctx).Open(ctx); err != nil {
		return err
	}
	count, err := queue.ReadMessageCount()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d\n", count)
	if named {
		text = fmt.Sprintf("%s\t%d\n", show.Line(queue.Name()), count)
	}
	return a.answer(map[string]any{"queue": queue.Name(), "ready": count}, text)
}

// several finds all queues that are named, or all of the file if none is.
func (a *app) several(ctx context.Context, names []string) ([]*source.Queue, error) {
	if a.flags.queue != "" {
		names = append([]string{a.flags.queue}, names...)
	}
	if len(names) == 0 {
		if a.flags.file == "" {
			return nil, usage("which queue? name a container file with -c, or write a URL such as nats://localhost:4222/orders")
		}
		return a.catalog.All()
	}
	var found []*source.Queue
	for _, name := range names {
		queue, err := a.catalog.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		found = append(found, queue)
	}
	return found, nil
}
