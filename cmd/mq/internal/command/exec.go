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
	output := &lineWriter{write: l.terminal.Print}
	complaints := &lineWriter{write: func(line string) error {
		l.terminal.Complain(strings.TrimSuffix(line, "\n"))
		return nil
	}}
	command.Stdout, command.Stderr = output, complaints
	err := command.Run()
	complaints.end()
	output.end()
	if output.failure != nil {
		l.unread.CompareAndSwap(nil, &output.failure)
		l.stop(output.failure)
	}
	var exited *exec.ExitError
	switch {
	case err == nil:
		l.done.Add(1)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exited) && exited.ExitCode() == exitDead:
		return queues.NewPermanentError(fmt.Errorf("exit status %d", exitDead))
	default:
		l.failed.Add(1)
		return err // the queue logs it, and we show what it logs
	}
}

// lineWriter hands on what a command writes, line by line and safe to show.
type lineWriter struct {
	write   func(line string) error
	failure error // the first of write
	begun   []byte
}

// longestLine is what is shown without waiting for its end.
const longestLine = 1 << 16

// Write never fails: that nobody reads our output is no reason to break a command that does its work.
func (w *lineWriter) Write(data []byte) (int, error) {
	w.begun = append(w.begun, data...)
	for {
		end := bytes.IndexByte(w.begun, '\n')
		if end < 0 && len(w.begun) < longestLine {
			return len(data), nil
		}
		if end < 0 {
			end = longestLine - 1
		}
		w.line(w.begun[:end+1])
		w.begun = w.begun[end+1:]
	}
}

// end writes a last line without an end.
func (w *lineWriter) end() {
	if len(w.begun) > 0 {
		w.line(append(w.begun, '\n'))
		w.begun = nil
	}
}

func (w *lineWriter) line(line []byte) {
	if err := w.write(show.Block(string(line))); w.failure == nil {
		w.failure = err
	}
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
