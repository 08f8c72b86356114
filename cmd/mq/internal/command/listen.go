package command

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

type listening struct {
	*app
	fate        fate
	shell       string
	max         int64
	concurrency int
	idle        time.Duration
	full        bool

	queue   *source.Queue
	started atomic.Int64
	done    atomic.Int64
	failed  atomic.Int64
	counts  *source.Counts
	unread  atomic.Pointer[error] // why the output cannot be written
	arrived chan struct{}
	stop    context.CancelCauseFunc
}

func (a *app) listen() *cobra.Command {
	l := &listening{app: a}
	command := &cobra.Command{
		Use:   "listen QUEUE (--ack | --abandon | --dead | --exec COMMAND)",
		Short: "take messages as they come, until Ctrl-C",
		Long: `Takes messages as a service does, one after the other or --concurrency at a time, shows each and settles it.

With --exec a shell command works on each message. It gets the payload on standard input, and in its
environment MQ_QUEUE, MQ_MESSAGE_ID, MQ_MESSAGE_TYPE, MQ_CORRELATION_ID, MQ_DELIVERY_COUNT and MQ_HEADERS (JSON). Its
exit status settles the message:
  0      completed
  100    moved to the dead-letter queue at once
  other  abandoned: it comes again after options.retry_delay, and dies after options.max_deliveries

Ctrl-C lets commands that run finish, for options.drain_timeout, and gives back what was not finished.`,
		Example: `  mq listen -c config.yml orders --ack --json | jq .body
  mq listen nats://localhost/orders --exec 'curl --fail --data-binary @- https://example.com/orders' --concurrency 4`,
		Args: takes(0, 1), ValidArgsFunction: a.queuesOf(1), RunE: a.run(l.run),
	}
	l.fate.flags(command)
	flags := command.Flags()
	flags.StringVarP(&l.shell, "exec", "e", "", "run this command for each message")
	flags.Int64VarP(&l.max, "max", "n", 0, "stop after so many messages")
	flags.IntVar(&l.concurrency, "concurrency", 1, "messages in work at a time")
	flags.DurationVar(&l.idle, "idle", 0, "stop when no message has come for so long")
	flags.BoolVar(&l.full, "full", false, "show payloads of any length whole")
	command.MarkFlagsMutuallyExclusive("exec", "ack", "abandon", "dead")
	least(command, "max", &l.max, 0)
	least(command, "concurrency", &l.concurrency, 1)
	least(command, "idle", &l.idle, 0)
	return command
}

func (l *listening) run(ctx context.Context, args []string) error {
	queue, err := l.only(ctx, args)
	if err != nil {
		return err
	}
	if l.shell == "" && !l.fate.ack && !l.fate.abandon && !l.fate.dead {
		return usage("say what becomes of the messages: --ack, --abandon, --dead or --exec COMMAND (mq peek only looks)")
	}
	l.queue, l.counts = queue.OnlyIfThere(ctx), queue.Counted(ctx)
	queue.Force(ctx, config.AutoComplete, "true")
	queue.Force(ctx, config.ListenConcurrency, strconv.Itoa(l.concurrency))
	if err := queue.Open(ctx); err != nil {
		return err
	}
	l.terminal.Note("listening to %s; Ctrl-C stops", queue.Name())
	err = l.listen(ctx)
	if why := l.unread.Load(); why != nil {
		err = *why
	}
	closing, cancel := toClose(ctx)
	defer cancel()
	if closed := queue.Close(closing, correlationId); err == nil {
		err = closed
	}
	l.conclude()
	return err
}

var errEnough = errors.New("enough")

// listen blocks until Ctrl-C, --max or --idle, which are all the same: the listener finishes what it has begun.
func (l *listening) listen(ctx context.Context) error {
	listening, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l.stop = stop
	l.arrived = make(chan struct{}, 1)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		l.watchIdle(listening)
	}()
	err := l.queue.Listen(listening, correlationId, queues.NewCallbackMessageReceiver(l.handle))
	stop(errEnough)
	<-watching
	if listening.Err() != nil && errors.Is(err, listening.Err()) {
		return nil // stopping is how listening ends
	}
	return err
}

// watchIdle stops the listener when nothing has come for --idle.
func (l *listening) watchIdle(ctx context.Context) {
	if l.idle <= 0 {
		return
	}
	timer := time.NewTimer(l.idle)
	defer timer.Stop()
	for {
		select {
		case <-l.arrived:
			timer.Reset(l.idle)
		case <-timer.C:
			l.stop(errEnough)
			return
		case <-ctx.Done():
			return
		}
	}
}

// handle is the receiver: what it returns settles the message.
func (l *listening) handle(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	number := l.started.Add(1)
	if l.max > 0 && number >= l.max {
		defer l.stop(errEnough)
		l.queue.EndListen(ctx, correlationId) // nothing more is begun
	}
	select {
	case l.arrived <- struct{}{}:
	default:
	}
	if l.shell == "" {
		if err := l.print(envelope, l.full); err != nil {
			l.unread.CompareAndSwap(nil, &err)
			l.stop(err)
			<-ctx.Done() // given back uncounted, as everything that a stop interrupts
			return err
		}
	}
	return l.judge(ctx, envelope, queue)
}

func (l *listening) judge(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	switch {
	case l.shell != "":
		return l.execute(ctx, envelope, queue)
	case l.fate.abandon:
		l.failed.Add(1)
		return errors.New("abandoned by mq listen")
	case l.fate.dead:
		return queue.MoveToDeadLetter(ctx, envelope)
	default:
		l.done.Add(1)
		return nil
	}
}

func (l *listening) conclude() {
	result := map[string]any{"queue": l.queue.Name(), "completed": l.done.Load(), "failed": l.failed.Load(), "dead": l.counts.Dead(l.queue.Name())}
	if l.flags.json {
		if line, err := show.JSONLine(map[string]any{"summary": result}); err == nil && !l.terminal.Quiet {
			l.terminal.Complain(line)
		}
		return
	}
	l.terminal.Note("%s: %d completed, %d failed, %d to the dead-letter queue", l.queue.Name(), l.done.Load(), l.failed.Load(), l.counts.Dead(l.queue.Name()))
}
