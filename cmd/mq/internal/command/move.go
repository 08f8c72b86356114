package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/filter"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/move"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// choice is which messages, and how fast.
type choice struct {
	conditions []string
	max        int64
	rate       float64
	dryRun     bool
}

func (c *choice) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringArrayVarP(&c.conditions, "filter", "f", nil, "only messages for which this holds; may be repeated")
	flags.Int64VarP(&c.max, "max", "n", 0, "at most so many messages")
	flags.Float64Var(&c.rate, "rate", 0, "at most so many messages a second")
	flags.BoolVar(&c.dryRun, "dry-run", false, "only say what would be done")
	command.Long += "\n\n" + filter.Help
	least(command, "max", &c.max, 0)
	least(command, "rate", &c.rate, 0)
}

// job begins the description of what is to be done with the messages of a queue.
func (c *choice) job(from *source.Queue) (*move.Job, error) {
	chosen, err := filter.Parse(c.conditions)
	if err != nil {
		return nil, usage("%s", err)
	}
	job := &move.Job{From: from.IMessageQueue, Max: c.max, Lock: from.Duration(config.LockTimeout), Step: steady}
	if !chosen.IsEmpty() {
		job.Select = chosen.Match
	}
	if c.rate > 0 {
		job.Limit = rate.NewLimiter(rate.Limit(c.rate), 1)
	}
	return job, nil
}

// chosen are the messages that the job would be about.
func (c *choice) chosen(ctx context.Context, job *move.Job) ([]*queues.MessageEnvelope, error) {
	found, err := move.Browse(ctx, job.From, 0, job.Lock)
	if err != nil {
		return nil, err
	}
	var chosen []*queues.MessageEnvelope
	for _, envelope := range found {
		if (job.Select == nil || job.Select(envelope)) && (c.max == 0 || int64(len(chosen)) < c.max) {
			chosen = append(chosen, envelope)
		}
	}
	return chosen, nil
}

type moving struct {
	*app
	choice  choice
	copies  bool
	journal string
}

func (a *app) move() *cobra.Command {
	m := &moving{app: a}
	command := &cobra.Command{
		Use:   "move FROM TO",
		Short: "move messages to another queue, on any broker",
		Long: `Moves the messages that are ready from one queue to the end of another one. They keep id, type, correlation id, headers
and payload. Each is confirmed by TO before it is removed from FROM: nothing is lost whatever happens. A journal
remembers what was cut short in between; the same command again goes on, and sends nothing twice.`,
		Example: `  mq move -c config.yml orders nats://backup:4222/orders
  mq move -c config.yml orders.dead quarantine --filter 'error~timeout' --rate 50`,
	}
	return m.complete(command)
}

func (a *app) copy() *cobra.Command {
	m := &moving{app: a, copies: true}
	command := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "copy messages to another queue, on any broker",
		Long: `Sends what is ready in FROM to TO as well, with id, type, correlation id, headers and payload. FROM is
peeked at; a queue that cannot peek is read by taking messages, which are given back, uncounted, in the end. The messages are
held in memory meanwhile. A journal remembers what was copied by a run that was cut short; the same command again goes on.`,
		Example: `  mq copy -c production.yml orders memory:test --dry-run
  mq copy -c config.yml orders nats://localhost:4222/orders-copy --filter type=order --max 100`,
	}
	return m.complete(command)
}

func (m *moving) complete(command *cobra.Command) *cobra.Command {
	command.Args = takes(2, 2)
	command.ValidArgsFunction = m.queuesOf(2)
	command.RunE = m.app.run(m.run)
	m.choice.flags(command)
	command.Flags().StringVar(&m.journal, "journal", "", "file of the journal, instead of one in the user's cache folder")
	return command
}

func (m *moving) run(ctx context.Context, args []string) error {
	if m.flags.queue != "" {
		return usage("--queue stands for one queue; write both as arguments")
	}
	from, err := m.catalog.Find(ctx, args[0])
	if err != nil {
		return err
	}
	to, err := m.catalog.Find(ctx, args[1])
	if err != nil {
		return err
	}
	if from.Locator == to.Locator || from.IMessageQueue == to.IMessageQueue {
		return usage("%s and %s are the same queue", from.Locator, to.Locator)
	}
	job, err := m.choice.job(from)
	if err != nil {
		return err
	}
	if err := from.OnlyIfThere(ctx).Open(ctx); err != nil {
		return err
	}
	if m.choice.dryRun {
		return m.preview(ctx, job, to)
	}
	if err := to.Open(ctx); err != nil {
		return err
	}
	job.To = to.IMessageQueue
	return m.work(ctx, job, from, to)
}

func (m *moving) verb() string {
	if m.copies {
		return "copy"
	}
	return "move"
}

func (m *moving) preview(ctx context.Context, job *move.Job, to *source.Queue) error {
	chosen, err := m.choice.chosen(ctx, job)
	if err != nil {
		return err
	}
	return m.answer(map[string]any{"would_" + m.verb(): len(chosen), "to": to.Locator},
		fmt.Sprintf("would %s %s to %s\n", m.verb(), show.Count(int64(len(chosen)), "message"), show.Line(to.Locator)))
}

func (m *moving) work(ctx context.Context, job *move.Job, from, to *source.Queue) error {
	path := m.journal
	if path == "" {
		var err error
		if path, err = move.DefaultJournal(m.verb(), from.Locator, to.Locator); err != nil {
			return usage("there is no place for the journal (%s); name one with --journal", err)
		}
	}
	journal, err := move.OpenJournal(path)
	if err != nil {
		return err
	}
	if pending := journal.Pending(); pending > 0 {
		m.terminal.Note("going on where an earlier run was cut short: %s sent by it already", show.Count(pending, "message"))
	}
	job.Journal = journal
	progress := m.terminal.Progress(m.total(job), m.verb(), false)
	job.Done = func() { progress.Add(1) }
	work := job.Run
	if m.copies {
		work = job.Copy
	}
	result, failure := work(ctx)
	progress.Done()
	if err := journal.Close(failure == nil); failure == nil {
		failure = err
	}
	if err := m.conclude(result, from, to, failure); err != nil {
		return err
	}
	return failure
}

// total is how many messages the bar ends at; -1 if that is not known.
func (a *app) total(job *move.Job) int64 {
	if job.Select != nil || !job.From.Capabilities().CanMessageCount() {
		return -1
	}
	count, err := job.From.ReadMessageCount()
	if err != nil {
		return -1
	}
	if job.Max > 0 {
		count = min(count, job.Max)
	}
	return count
}

func (m *moving) conclude(result move.Result, from, to *source.Queue, failure error) error {
	done := "moved"
	if m.copies {
		done = "copied"
	}
	text := fmt.Sprintf("%s %s from %s to %s", done, show.Count(result.Moved, "message"), show.Line(from.Locator), show.Line(to.Locator))
	if result.Resumed > 0 {
		text += fmt.Sprintf(", and %d that an earlier run had sent", result.Resumed)
	}
	if failure != nil {
		text += "; the same command again goes on from here"
	}
	return m.answer(map[string]any{done: result.Moved, "resumed": result.Resumed, "left": result.Left, "from": from.Locator, "to": to.Locator}, text+"\n")
}
