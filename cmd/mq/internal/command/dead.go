package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/filter"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/move"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

type deadLetters struct {
	*app
	choice choice
	yes    bool
	full   bool

	queue, dead *source.Queue
	job         *move.Job
}

func (a *app) dead() *cobra.Command {
	group := &cobra.Command{
		Use: "dead", Short: "look into the dead letters of a queue, send them back, or remove them",
		Long:    "Dead letters are messages that could not be worked on. QUEUE is the queue that they come from.",
		Example: "  mq dead list -c config.yml orders\n  mq dead redrive -c config.yml orders --filter 'error~timeout' --dry-run",
	}
	group.AddCommand(a.deadList(), a.deadShow(), a.deadRedrive(), a.deadPurge())
	return group
}

func (a *app) deadList() *cobra.Command {
	d := &deadLetters{app: a}
	command := &cobra.Command{
		Use: "list QUEUE", Short: "list dead letters, oldest first",
		Long:    "Lists dead letters: id, type, why and when they died, after how many deliveries, and the last error.",
		Example: "  mq dead list -c config.yml orders --filter reason=max_deliveries --filter 'age<1h'",
		Args:    takes(0, 1), ValidArgsFunction: a.queuesOf(1), RunE: a.run(d.list),
	}
	command.Flags().StringArrayVarP(&d.choice.conditions, "filter", "f", nil, "only messages for which this holds; may be repeated")
	command.Flags().Int64VarP(&d.choice.max, "max", "n", 0, "at most so many messages")
	command.Long += "\n\n" + filter.Help
	least(command, "max", &d.choice.max, 0)
	return command
}

func (a *app) deadShow() *cobra.Command {
	d := &deadLetters{app: a}
	command := &cobra.Command{
		Use: "show QUEUE ID...", Short: "show dead letters whole",
		Long:    "Shows dead letters with all headers and the payload. The beginning of an id will do. Exit code 3: there is none.",
		Example: "  mq dead show -c config.yml orders 3f2a",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: a.queuesOf(1), RunE: a.run(d.show),
	}
	command.Flags().BoolVar(&d.full, "full", false, "show payloads of any length whole")
	return command
}

func (a *app) deadRedrive() *cobra.Command {
	d := &deadLetters{app: a}
	command := &cobra.Command{
		Use: "redrive QUEUE [ID...]", Short: "send dead letters back to their queue",
		Long: "Sends dead letters back to the queue that they come from, oldest first: all, those with these ids, or those that are filtered.\n" +
			"They lose the headers of their death, and count deliveries from 1. Each is sent before it is removed.",
		Example: "  mq dead redrive -c config.yml orders --dry-run\n  mq dead redrive -c config.yml orders --filter 'error~timeout' --rate 10",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: a.queuesOf(1), RunE: a.run(d.redrive),
	}
	d.choice.flags(command)
	return command
}

func (a *app) deadPurge() *cobra.Command {
	d := &deadLetters{app: a}
	command := &cobra.Command{
		Use: "purge QUEUE [ID...]", Short: "remove dead letters for good",
		Long:    "Removes dead letters: all, those with these ids, or those that are filtered. It asks before, unless --yes is given.",
		Example: "  mq dead purge -c config.yml orders --filter 'age>720h' --yes",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: a.queuesOf(1), RunE: a.run(d.purge),
	}
	d.choice.flags(command)
	command.Flags().BoolVarP(&d.yes, "yes", "y", false, "do not ask")
	return command
}

// open opens the queue and its dead letters, and prepares the job that is about those chosen.
func (d *deadLetters) open(ctx context.Context, args []string) (ids []string, err error) {
	if d.queue, ids, err = d.find(ctx, args); err != nil {
		return nil, err
	}
	if err := d.queue.OnlyIfThere(ctx).Open(ctx); err != nil {
		return nil, err
	}
	if d.dead, err = d.queue.DeadLetters(); err != nil {
		return nil, d.withoutDeadLetters(err)
	}
	if d.job, err = d.choice.job(d.dead); err != nil {
		return nil, err
	}
	filtered := d.job.Select
	d.job.Select = func(envelope *queues.MessageEnvelope) bool {
		return d.isOurs(envelope) && (filtered == nil || filtered(envelope)) && (len(ids) == 0 || hasId(envelope, ids))
	}
	return ids, nil
}

// withoutDeadLetters explains why a queue has none.
func (d *deadLetters) withoutDeadLetters(err error) error {
	from, isDead := strings.CutSuffix(d.queue.Name(), ".dead")
	if isDead && errors.Is(err, queues.ErrNotSupported) {
		return usage("%s has no dead letters, it holds those of others; name the queue that they come from, %s", d.queue.Name(), from)
	}
	return err
}

// isOurs tells the dead letters of the queue, as Redrive does, from what else is in its dead-letter queue.
func (d *deadLetters) isOurs(envelope *queues.MessageEnvelope) bool {
	return envelope.Headers[queues.HeaderDeadLetterSource] == d.queue.Name()
}

// shortestId is how much of an id must be given.
const shortestId = 4

func hasId(envelope *queues.MessageEnvelope, ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		return envelope.MessageId == id || len(id) >= shortestId && len(envelope.MessageId) > len(id) && envelope.MessageId[:len(id)] == id
	})
}

func (d *deadLetters) list(ctx context.Context, args []string) error {
	if _, err := d.open(ctx, args); err != nil {
		return err
	}
	chosen, err := d.choice.chosen(ctx, d.job)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		d.terminal.Note("no dead letters of %s", d.queue.Name())
		return nil
	}
	if d.flags.json {
		for _, envelope := range chosen {
			if err := d.print(envelope, true); err != nil {
				return err
			}
		}
		return nil
	}
	return d.terminal.Print(d.table(chosen))
}

// table lists dead letters, one a line.
func (d *deadLetters) table(chosen []*queues.MessageEnvelope) string {
	const longestError = 60
	var rows [][]string
	for _, envelope := range chosen {
		failure := []rune(envelope.Headers[queues.HeaderDeadLetterError])
		if len(failure) > longestError {
			failure = append(failure[:longestError-1], '…')
		}
		rows = append(rows, []string{
			envelope.MessageId, envelope.MessageType, envelope.Headers[queues.HeaderDeadLetterReason],
			strconv.Itoa(filter.Deliveries(envelope)), filter.Since(envelope).UTC().Format(time.RFC3339), string(failure),
		})
	}
	style := d.terminal.Style
	return show.Table([]string{"ID", "TYPE", "REASON", ">DELIVERIES", "DIED", "ERROR"}, rows, func(row, column int, cell string) string {
		if row < 0 {
			return style.Dim(cell)
		}
		if column == 0 {
			return style.Bold(cell)
		}
		return cell
	})
}

func (d *deadLetters) show(ctx context.Context, args []string) error {
	ids, err := d.open(ctx, args)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return usage("which dead letter? give its id, or the first %d characters of it; mq dead list has them", shortestId)
	}
	chosen, err := d.choice.chosen(ctx, d.job)
	if err != nil {
		return err
	}
	for _, envelope := range chosen {
		if err := d.print(envelope, d.full); err != nil {
			return err
		}
	}
	if len(chosen) == 0 {
		d.terminal.Note("no dead letter of %s has such an id", d.queue.Name())
		return errNothing
	}
	return nil
}

func (d *deadLetters) redrive(ctx context.Context, args []string) error {
	if _, err := d.open(ctx, args); err != nil {
		return err
	}
	if d.choice.dryRun {
		return d.preview(ctx, "redrive")
	}
	d.job.To, d.job.Change = d.queue.IMessageQueue, queues.Revive
	return d.runJob(ctx, "redrive", "redriven", "sent %s back to %s")
}

func (d *deadLetters) purge(ctx context.Context, args []string) error {
	if _, err := d.open(ctx, args); err != nil {
		return err
	}
	if d.choice.dryRun {
		return d.preview(ctx, "remove")
	}
	if !d.yes {
		if err := d.confirmPurge(ctx); err != nil {
			return err
		}
	}
	return d.runJob(ctx, "remove", "removed", "removed %s of %s")
}

// confirmPurge asks, and says how many it is about where the queue can be looked into: to read the others
// would mean to hold their messages, which then could not be removed.
func (d *deadLetters) confirmPurge(ctx context.Context) error {
	what := "those dead letters"
	if d.dead.Capabilities().CanPeekBatch() {
		chosen, err := d.choice.chosen(ctx, d.job)
		if err != nil || len(chosen) == 0 {
			return err
		}
		what = show.Count(int64(len(chosen)), "dead letter")
	}
	return d.confirm(ctx, false, fmt.Sprintf("Remove %s of %s for good?", what, d.queue.Name()))
}

func (d *deadLetters) preview(ctx context.Context, verb string) error {
	chosen, err := d.choice.chosen(ctx, d.job)
	if err != nil {
		return err
	}
	if d.flags.json {
		ids := []string{}
		for _, envelope := range chosen {
			ids = append(ids, envelope.MessageId)
		}
		return d.answer(map[string]any{"queue": d.queue.Name(), "would_" + verb: len(chosen), "message_ids": ids}, "")
	}
	text := fmt.Sprintf("would %s %s of %s\n", verb, show.Count(int64(len(chosen)), "dead letter"), show.Line(d.queue.Name()))
	if len(chosen) > 0 {
		text += d.table(chosen)
	}
	return d.terminal.Print(text)
}

// runJob does the job, with a bar, and says what was done, also to a part of the messages: as the number of key, and as text
// about how many of which queue.
func (d *deadLetters) runJob(ctx context.Context, verb, key, text string) error {
	progress := d.terminal.Progress(-1, verb, false)
	d.job.Done = func() { progress.Add(1) }
	result, failure := d.job.Run(ctx)
	progress.Done()
	text = fmt.Sprintf(text, show.Count(result.Moved, "dead letter"), show.Line(d.queue.Name()))
	if result.Left > 0 {
		text += fmt.Sprintf("; %d left where they were", result.Left)
	}
	if err := d.answer(map[string]any{"queue": d.queue.Name(), key: result.Moved, "left": result.Left}, text+"\n"); err != nil {
		return err
	}
	return failure
}
