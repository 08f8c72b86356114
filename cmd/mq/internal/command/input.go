package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/terminal"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// input is what is to be sent: a text, a file, or standard input.
type input struct {
	reader *bufio.Reader
	closer io.Closer
	size   int64 // in bytes; -1 if it is not known
	waits  bool  // a read may last until somebody types
}

// openInput opens what an argument names: -, @FILE, or itself.
func openInput(_ context.Context, from *terminal.Terminal, argument string) (*input, error) {
	path, isFile := strings.CutPrefix(argument, "@")
	switch {
	case argument == "-":
		if from.InIsTTY() {
			from.Note("reading the body from the terminal; Ctrl-D ends it")
		}
		return &input{bufio.NewReader(from.In), io.NopCloser(nil), -1, true}, nil
	case isFile && !strings.HasPrefix(path, "@"):
		return openFile(path)
	default:
		text := argument
		if isFile {
			text = path
		}
		return &input{bufio.NewReader(strings.NewReader(text)), io.NopCloser(nil), int64(len(text)), false}, nil
	}
}

func openFile(path string) (*input, error) {
	if path == "" {
		return nil, usage("@: write @FILE for what is in a file, @@ for a body that begins with @")
	}
	file, err := os.Open(path)
	if err != nil {
		if failed, ok := errors.AsType[*os.PathError](err); ok {
			err = failed.Err
		}
		return nil, usage("@%s: %s", path, err)
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		_ = file.Close()
		return nil, usage("@%s: it is no file", path)
	}
	size := info.Size()
	if !info.Mode().IsRegular() {
		size = -1
	}
	return &input{bufio.NewReaderSize(file, 1<<16), file, size, false}, nil
}

func (i *input) Close() { _ = i.closer.Close() } // it was only read

// all reads everything.
func (i *input) all(ctx context.Context) ([]byte, error) {
	return interruptible(ctx, i.waits, func() ([]byte, error) { return io.ReadAll(i.reader) })
}

// line reads a line with its end; nil at the end of the input.
func (i *input) line(ctx context.Context) ([]byte, error) {
	line, err := interruptible(ctx, i.waits, func() ([]byte, error) { return i.reader.ReadBytes('\n') })
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return line, err
}

// interruptible reads, no longer than ctx lives. What reads from a terminal or a pipe cannot be stopped; it
// ends with the process, which has nothing else to do by then.
func interruptible(ctx context.Context, waits bool, read func() ([]byte, error)) ([]byte, error) {
	if !waits {
		return read()
	}
	type result struct {
		data []byte
		err  error
	}
	results := make(chan result, 1)
	go func() {
		data, err := read()
		results <- result{data, err}
	}()
	select {
	case got := <-results:
		return got.data, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// decodeLine makes a message of a line of JSON. What the line leaves out is that of the template.
func decodeLine(line []byte, template *queues.MessageEnvelope) (*queues.MessageEnvelope, error) {
	var written struct {
		MessageId     *string           `json:"message_id"`
		CorrelationId *string           `json:"correlation_id"`
		MessageType   *string           `json:"message_type"`
		Headers       map[string]string `json:"headers"`
		Message       []byte            `json:"message"`
		Body          json.RawMessage   `json:"body"`
		SentTime      json.RawMessage   `json:"sent_time"`
		DeliveryCount json.RawMessage   `json:"delivery_count"`
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&written); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind it")
	}
	message := template.Clone()
	for field, value := range map[*string]*string{
		&message.MessageId: written.MessageId, &message.CorrelationId: written.CorrelationId, &message.MessageType: written.MessageType,
	} {
		if value != nil && *value != "" {
			*field = *value
		}
	}
	for name, value := range written.Headers {
		if message.Headers == nil {
			message.Headers = map[string]string{}
		}
		message.Headers[name] = value
	}
	message.Message = written.Message
	if written.Message == nil && len(written.Body) > 0 {
		message.Message = written.Body
		var text string
		if json.Unmarshal(written.Body, &text) == nil && written.Body[0] == '"' {
			message.Message = []byte(text)
		}
	}
	return message, nil
}
