package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/show"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// exitDead is the exit status of a command that knows that trying again is of no use.
const exitDead = 100

// execute runs the command for a message and turns its exit status into what settles the message.
func (l *listening) execute(ctx context.Context, envelope *queues.MessageEnvelope, queue queues.IMessageQueue) error {
	command := exec.CommandContext(ctx, "sh", "-c", l.shell)
	detach(command)
	command.WaitDelay = time.Second // for what the command has left behind, holding its output
	command.Stdin = bytes.NewReader(envelope.Message)
	command.Env = append(os.Environ(), environment(envelope, queue.Name())...)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	err := command.Run()
	if printed := l.terminal.Print(lines(output.String())); printed != nil && err == nil {
		l.unread.CompareAndSwap(nil, &printed)
		l.stop(printed)
	}
	if complaints.Len() > 0 {
		l.terminal.Complain(strings.TrimRight(lines(complaints.String()), "\n"))
	}
	var exited *exec.ExitError
	switch {
	case err == nil:
		l.done.Add(1)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exited) && exited.ExitCode() == exitDead:
		l.dead.Add(1)
		return queues.NewPermanentError(fmt.Errorf("exit status %d", exitDead))
	default:
		l.failed.Add(1)
		return err // the queue logs it, and we show what it logs
	}
}

// lines makes what a command has written safe to show, and ends it with a line end.
func lines(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return show.Block(text)
}

// environment tells the command about the message. A NUL, which no variable can hold, becomes a space.
func environment(envelope *queues.MessageEnvelope, queue string) []string {
	headers, err := json.Marshal(envelope.Headers)
	if err != nil || envelope.Headers == nil {
		headers = []byte("{}")
	}
	variables := []string{
		"MQ_QUEUE=" + queue,
		"MQ_MESSAGE_ID=" + envelope.MessageId,
		"MQ_MESSAGE_TYPE=" + envelope.MessageType,
		"MQ_CORRELATION_ID=" + envelope.CorrelationId,
		"MQ_DELIVERY_COUNT=" + strconv.Itoa(envelope.DeliveryCount),
		"MQ_HEADERS=" + string(headers),
	}
	for i := range variables {
		variables[i] = strings.ReplaceAll(variables[i], "\x00", " ")
	}
	return variables
}
