package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/bench"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func (a *app) bench() *cobra.Command {
	var plan bench.Plan
	command := &cobra.Command{
		Use: "bench QUEUE", Short: "measure throughput and latency",
		Long: `Sends messages and receives them as a service does, and shows how many a second go through, how long Send takes, and how
long a message takes from before Send until its receiver has it (through). What a queue does with more than it can take shows in
the latter: for the latency of a queue that is not full, give a --rate below its throughput.

The queue must be empty, and should be one of its own: the messages of others would be taken. It stays empty.`,
		Example: `  mq bench memory:bench
  mq bench nats://localhost:4222/bench --size 1024 --producers 4 --consumers 8 --duration 10s
  mq bench -c config.yml bench --rate 500 --duration 30s --json`,
		Args: takes(0, 1), ValidArgsFunction: a.queuesOf(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			if plan.Messages == 0 && plan.Duration == 0 {
				plan.Messages = 10_000
			}
			queue, err := a.only(ctx, args)
			if err != nil {
				return err
			}
			return a.measure(ctx, queue, plan)
		}),
	}
	flags := command.Flags()
	flags.Int64VarP(&plan.Messages, "messages", "n", 0, "send so many messages (default 10000 without --duration)")
	flags.DurationVarP(&plan.Duration, "duration", "d", 0, "send for so long")
	flags.IntVar(&plan.Producers, "producers", 1, "senders at a time")
	flags.IntVar(&plan.Consumers, "consumers", 1, "receivers at a time (options.listen_concurrency)")
	flags.IntVarP(&plan.Size, "size", "s", 128, "bytes of payload")
	flags.Float64Var(&plan.Rate, "rate", 0, "at most so many messages a second")
	least(command, "messages", &plan.Messages, 1)
	least(command, "duration", &plan.Duration, 1)
	least(command, "producers", &plan.Producers, 1)
	least(command, "consumers", &plan.Consumers, 1)
	least(command, "size", &plan.Size, 0)
	least(command, "rate", &plan.Rate, 0)
	return command
}

func (a *app) measure(ctx context.Context, queue *source.Queue, plan bench.Plan) error {
	queue.Force(ctx, config.AutoComplete, "true")
	queue.Force(ctx, config.ListenConcurrency, strconv.Itoa(plan.Consumers))
	if err := queue.Open(ctx); err != nil {
		return err
	}
	if count, err := queue.ReadMessageCount(); err == nil && count > 0 {
		return usage("%s holds %s, which a benchmark would take; give it an empty queue", queue.Name(), show.Count(count, "message"))
	}
	total := plan.Messages
	if total == 0 {
		total = -1
	}
	progress := a.terminal.Progress(total, "through", false)
	result, failure := bench.Run(ctx, queue.IMessageQueue, plan, progress.Add)
	progress.Done()
	if errors.Is(failure, bench.ErrForeign) {
		failure = fmt.Errorf("%s: %w; it was abandoned; give the benchmark a queue of its own", queue.Name(), failure)
	}
	if result.Received == 0 {
		return failure
	}
	if err := a.answer(benchJSON(queue, plan, result), a.benchText(queue, plan, result)); err != nil {
		return err
	}
	return failure
}

func perSec(count int64, took time.Duration) float64 {
	return float64(count) / max(took.Seconds(), 1e-9)
}

func benchJSON(queue *source.Queue, plan bench.Plan, result bench.Result) any {
	return map[string]any{
		"queue": queue.Name(), "kind": queue.Kind, "size": plan.Size, "producers": plan.Producers, "consumers": plan.Consumers,
		"sent": result.Sent, "received": result.Received, "seconds": result.Total.Seconds(),
		"sent_per_second": perSec(result.Sent, result.Sending), "through_per_second": perSec(result.Received, result.Total),
		"send": bench.Summarize(result.Send), "through": bench.Summarize(result.Through),
	}
}

func (a *app) benchText(queue *source.Queue, plan bench.Plan, result bench.Result) string {
	style := a.terminal.Style
	through := perSec(result.Received, result.Total)
	head := fmt.Sprintf("%s (%s): %s of %s, %s, %s\n\n", show.Line(queue.Name()), queue.Kind, show.Count(result.Received, "message"),
		show.Count(int64(plan.Size), "byte"), show.Count(int64(plan.Producers), "producer"), show.Count(int64(plan.Consumers), "consumer"))
	speed := fmt.Sprintf("sent     %s a second\nthrough  %s a second, %.1f MB/s\n\n",
		style.Bold(fmt.Sprintf("%9.0f", perSec(result.Sent, result.Sending))), style.Bold(fmt.Sprintf("%9.0f", through)), through*float64(plan.Size)/1e6)
	table := show.Table([]string{"LATENCY", ">P50", ">P90", ">P99", ">P99.9", ">MAX"}, [][]string{
		append([]string{"send"}, bench.Summarize(result.Send).Cells()...),
		append([]string{"through"}, bench.Summarize(result.Through).Cells()...),
	}, func(row, _ int, cell string) string {
		if row < 0 {
			return style.Dim(cell)
		}
		return cell
	})
	return head + speed + table + "\n" + style.Dim("through, by time") + "\n" + bench.Picture(result.Through)
}
