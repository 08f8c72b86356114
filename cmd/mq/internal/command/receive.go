package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// fate is what becomes of a message that was shown.
type fate struct{ ack, abandon, dead bool }

func (f *fate) flags(command *cobra.Command) {
	command.Flags().BoolVar(&f.ack, "ack", false, "complete each message: it is gone")
	command.Flags().BoolVar(&f.abandon, "abandon", false, "give each back as failed: the delivery counts, and the last one makes it a dead letter")
	command.Flags().BoolVar(&f.dead, "dead", false, "move each to the dead-letter queue")
	command.MarkFlagsMutuallyExclusive("ack", "abandon", "dead")
}

// maxShown is how many bytes of a payload are shown without --full.
const maxShown = 4096

type receiving struct {
	*app
	fate fate
	max  int
	wait time.Duration
	full bool
}

func (a *app) receive() *cobra.Command {
	r := &receiving{app: a}
	command := &cobra.Command{
		Use:   "receive QUEUE",
		Short: "take messages, show them, and settle them",
		Long: `Takes messages as a service does, and shows them. Unless you say what shall become of them they are
given back when the command ends, as if they had not been taken. A queue that is at most once (not
at_least_once) cannot take them back.

Exit code 3 says that there was none.`,
		Example: `  mq receive -c config.yml orders
  mq receive nats://localhost/orders --ack --max 10 --wait 5s --json`,
		Args: takes(0, 1), ValidArgsFunction: a.queuesOf(1), RunE: a.run(r.run),
	}
	r.fate.flags(command)
	command.Flags().IntVarP(&r.max, "max", "n", 1, "messages to take at most")
	command.Flags().DurationVarP(&r.wait, "wait", "w", 0, "wait so long for each message")
	command.Flags().BoolVar(&r.full, "full", false, "show payloads of any length whole")
	least(command, "max", &r.max, 1)
	least(command, "wait", &r.wait, 0)
	return command
}

func (r *receiving) run(ctx context.Context, args []string) error {
	queue, err := r.existing(ctx, args)
	if err != nil {
		return err
	}
	received := 0
	for ; received < r.max; received++ {
		envelope, err := queue.Receive(ctx, correlationId, r.wait)
		if err != nil {
			return err
		}
		if envelope == nil {
			break
		}
		if err := r.print(envelope, r.full); err != nil {
			return err // it is given back when the queue closes
		}
		if err := r.settle(ctx, queue, envelope); err != nil {
			return err
		}
	}
	if received == 0 {
		r.terminal.Note("no message in %s", queue.Name())
		return errNothing
	}
	r.conclude(queue, int64(received))
	return nil
}

// print shows a message.
func (a *app) print(envelope *queues.MessageEnvelope, full bool) error {
	if a.flags.json {
		line, err := show.MessageJSON(envelope)
		if err != nil {
			return err
		}
		return a.terminal.Print(line + "\n")
	}
	limit := maxShown
	if full {
		limit = 0
	}
	return a.terminal.Print(a.terminal.Style.Message(envelope, limit))
}

func (r *receiving) settle(ctx context.Context, queue *source.Queue, envelope *queues.MessageEnvelope) error {
	step, done := steady(ctx)
	defer done()
	switch {
	case r.fate.ack:
		return queue.Complete(step, envelope)
	case r.fate.abandon:
		return queue.Abandon(step, envelope)
	case r.fate.dead:
		return queue.MoveToDeadLetter(step, envelope)
	default:
		return nil // given back, uncounted, when the queue closes
	}
}

func (r *receiving) conclude(queue *source.Queue, received int64) {
	became := "given back; --ack removes, --abandon counts a delivery, --dead moves to the dead-letter queue"
	switch {
	case r.fate.ack:
		became = "completed"
	case r.fate.abandon:
		became = "abandoned"
	case r.fate.dead:
		became = "moved to the dead-letter queue"
	case !queue.Capabilities().IsAtLeastOnce():
		became = "gone: the queue is at most once, and cannot take them back"
	}
	r.terminal.Note("%s of %s %s", show.Count(received, "message"), queue.Name(), became)
}
