package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

type sending struct {
	*app
	kind, correlation, id string
	headers               []string
	delay                 time.Duration
	count, skip           int64
	rate                  float64
	lines                 bool

	queue  *source.Queue
	sent   int64
	lastId string
}

func (a *app) send() *cobra.Command {
	s := &sending{app: a}
	command := &cobra.Command{
		Use:   "send QUEUE [BODY | - | @FILE]",
		Short: "send a message, or many",
		Long: `Sends BODY as it stands, what is in FILE, or what comes from standard input (-, or nothing).
A body that begins with @ is written @@.

With --jsonl each line of the input is a message: an object with "body" (text, or JSON that is sent
as it is) or "message" (base64), and if you like message_id, correlation_id, message_type and headers. It is what
mq receive --json and mq peek --json write. Ctrl-C stops after a line; the note then says how to go on.`,
		Example: `  mq send -c config.yml orders '{"id":1}' --type order --header source=shop
  mq send nats://localhost/orders @order.json --delay 30s
  mq send nats://localhost/orders ping --count 1000 --rate 50
  mq send nats://localhost/orders --jsonl @orders.jsonl
  mq peek nats://localhost/orders --json --max 100 | mq send --jsonl nats://localhost/copy`,
		Args:              takes(0, 2),
		ValidArgsFunction: a.queuesOf(1),
		RunE:              a.run(s.run),
	}
	flags := command.Flags()
	flags.StringVarP(&s.kind, "type", "t", "", "message type")
	flags.StringVar(&s.correlation, "correlation-id", "", "correlation id")
	flags.StringVar(&s.id, "id", "", "message id, instead of a new one")
	flags.StringArrayVarP(&s.headers, "header", "H", nil, "NAME=VALUE; may be repeated")
	flags.DurationVar(&s.delay, "delay", 0, "make it ready only after this time")
	flags.Int64VarP(&s.count, "count", "n", 1, "send it so many times, each with an id of its own")
	flags.Float64Var(&s.rate, "rate", 0, "at most so many messages a second")
	flags.BoolVar(&s.lines, "jsonl", false, "the input has a message on each line, as JSON")
	flags.Int64Var(&s.skip, "skip", 0, "with --jsonl: leave out so many lines at the beginning")
	least(command, "delay", &s.delay, 0)
	least(command, "count", &s.count, 1)
	least(command, "rate", &s.rate, 0)
	least(command, "skip", &s.skip, 0)
	return command
}

func (s *sending) run(ctx context.Context, args []string) error {
	queue, rest, err := s.find(ctx, args)
	if err != nil {
		return err
	}
	template, err := s.template()
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usage("%q is too much: put a body with spaces in quotes", rest[1])
	}
	input, err := openInput(ctx, s.terminal, append(rest, "-")[0])
	if err != nil {
		return err
	}
	defer input.Close()
	s.queue = queue
	if err := queue.Open(ctx); err != nil {
		return err
	}
	started := time.Now()
	if s.lines {
		err = s.sendLines(ctx, template, input)
	} else {
		err = s.sendCopies(ctx, template, input)
	}
	if s.sent == 0 && err != nil {
		return err
	}
	return s.conclude(started, err)
}

// template is what all messages of the call have.
func (s *sending) template() (*queues.MessageEnvelope, error) {
	template := &queues.MessageEnvelope{CorrelationId: s.correlation, MessageType: s.kind, MessageId: s.id}
	switch {
	case s.id != "" && (s.count > 1 || s.lines):
		return nil, usage("--id is for one message; leave it out, or write message_id into the lines")
	case s.lines && s.count > 1:
		return nil, usage("--count and --jsonl do not go together")
	case s.skip != 0 && !s.lines:
		return nil, usage("--skip is for --jsonl")
	}
	for _, header := range s.headers {
		name, value, ok := strings.Cut(header, "=")
		if !ok || name == "" {
			return nil, usage("--header %q: write NAME=VALUE", header)
		}
		if template.Headers == nil {
			template.Headers = map[string]string{}
		}
		template.Headers[name] = value
	}
	return template, nil
}

// sendCopies sends one body, --count times.
func (s *sending) sendCopies(ctx context.Context, template *queues.MessageEnvelope, input *input) error {
	body, err := input.all(ctx)
	if err != nil {
		return err
	}
	template.Message = body
	var progress *terminal.Progress
	if s.count > 1 {
		progress = s.terminal.Progress(s.count, "sending", false)
	}
	defer progress.Done()
	limit := s.limiter()
	for range s.count {
		message := template.Clone()
		if message.MessageId == "" {
			message.MessageId = queues.NewMessageEnvelope("", "", nil).MessageId
		}
		if err := s.put(ctx, limit, message); err != nil {
			return err
		}
		progress.Add(1)
	}
	return nil
}

// sendLines sends a message for each line. The bar follows the bytes of a file, which says when it ends.
func (s *sending) sendLines(ctx context.Context, template *queues.MessageEnvelope, input *input) error {
	progress := s.terminal.Progress(input.size, "sending", input.size > 0)
	defer progress.Done()
	limit := s.limiter()
	for number := int64(1); ; number++ {
		line, err := input.line(ctx)
		if err != nil || line == nil {
			return err
		}
		if number > s.skip && len(strings.TrimSpace(string(line))) > 0 {
			message, err := decodeLine(line, template)
			if err != nil {
				return badLine(number, err)
			}
			if err := s.put(ctx, limit, message); err != nil {
				return fmt.Errorf("line %d: %w; --skip %d goes on from there", number, err, number-1)
			}
		}
		if input.size > 0 {
			progress.Add(int64(len(line)))
		} else {
			progress.Add(1)
		}
	}
}

// badLine is about a line that is no message. It ends the input there, and says how to go on.
func badLine(number int64, err error) error {
	mend := "mend it"
	if number > 1 {
		mend = fmt.Sprintf("mend it and go on with --skip %d", number-1)
	}
	return usage("line %d: not a message: %s; %s, or leave it out with --skip %d", number, err, mend, number)
}

func (s *sending) limiter() *rate.Limiter {
	if s.rate == 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(s.rate), 1)
}

// put sends one message, whole: Ctrl-C is heeded before it.
func (s *sending) put(ctx context.Context, limit *rate.Limiter, message *queues.MessageEnvelope) error {
	if err := limit.Wait(ctx); err != nil {
		return context.Cause(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	step, done := steady(ctx)
	defer done()
	correlation := s.correlation
	if correlation == "" {
		correlation = correlationId
	}
	var err error
	if s.delay > 0 {
		err = queues.SendDelayed(step, s.queue.IMessageQueue, correlation, message, s.delay)
	} else {
		err = s.queue.Send(step, correlation, message)
	}
	if err == nil {
		s.sent++
		s.lastId = message.MessageId
	}
	return err
}

// conclude says what was sent, also if something went wrong then.
func (s *sending) conclude(started time.Time, failure error) error {
	result := map[string]any{"queue": s.queue.Name(), "sent": s.sent}
	text := fmt.Sprintf("sent %s to %s", show.Count(s.sent, "message"), show.Line(s.queue.Name()))
	if s.sent == 1 && failure == nil && s.lastId != "" {
		result["message_id"] = s.lastId
		text += ", id " + show.Line(s.lastId)
	}
	if s.sent > 1 {
		took := time.Since(started)
		result["seconds"] = took.Seconds()
		text += fmt.Sprintf(" in %s", took.Round(time.Millisecond))
	}
	if err := s.answer(result, text+"\n"); err != nil {
		return err
	}
	if s.queue.Kind == memoryKind && failure == nil {
		s.terminal.Note("%s was in the memory of this process, and is gone now; mq demo and mq bench make use of such queues", s.queue.Name())
	}
	return failure
}

// memoryKind is the kind of queues that end with the process.
const memoryKind = "memory"
