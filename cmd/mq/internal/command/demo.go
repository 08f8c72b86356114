package command

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/demo"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
)

// The pace of the demo without time to read.
const (
	fastBreath     = time.Millisecond
	fastRetryDelay = 10 * time.Millisecond
)

func (a *app) demo() *cobra.Command {
	fast := false
	command := &cobra.Command{
		Use: "demo", Short: "see queues at work: twenty seconds, no server, nothing to set up",
		Long:    "Starts two queues in memory from a container file, sends orders, lets some fail, and shows retries, dead letters and redrive.",
		Example: "  mq demo\n  mq demo --fast",
		Args:    takes(0, 0), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, args []string) error {
			breath, retryDelay := demo.Breath, demo.RetryDelay
			if fast {
				breath, retryDelay = fastBreath, fastRetryDelay
			}
			folder, err := os.MkdirTemp("", "mq-demo-")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(folder) }() // the system clears its temporary folder too
			file := filepath.Join(folder, "demo.yml")
			if err := os.WriteFile(file, []byte(demo.File), 0o600); err != nil {
				return err
			}
			a.flags.file = file
			a.flags.parameters = []string{"RETRY_DELAY=" + strconv.FormatInt(retryDelay.Milliseconds(), 10)}
			return a.run(func(ctx context.Context, _ []string) error { return a.play(ctx, breath, retryDelay) })(command, args)
		},
	}
	command.Flags().BoolVar(&fast, "fast", false, "without the pauses that give time to read")
	return command
}

func (a *app) play(ctx context.Context, breath, retryDelay time.Duration) error {
	a.terminal.Quiet = true // the demo says itself what goes wrong
	var open []*source.Queue
	for _, name := range []string{"orders", "parcels"} {
		queue, err := a.catalog.Find(ctx, name)
		if err != nil {
			return err
		}
		if err := queue.Open(ctx); err != nil {
			return err
		}
		open = append(open, queue)
	}
	shop := &demo.Shop{
		Orders: open[0].IMessageQueue, Parcels: open[1].IMessageQueue,
		Print: a.terminal.Print, Style: a.terminal.Style, Pace: breath, RetryDelay: retryDelay,
	}
	return shop.Run(ctx)
}
