package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// journal is where worker and feeder write what befalls messages: lines to read or, with --json, one JSON
// object for each event, for programs that watch this one. It may be written from several goroutines.
type journal struct {
	mu   sync.Mutex
	out  io.Writer
	json bool
}

func newJournal(out io.Writer, asJSON bool) *journal { return &journal{out: out, json: asJSON} }

// event is what befell a message, or a queue, at that moment.
type event struct {
	What  string `json:"event"`
	Queue string `json:"queue,omitempty"`

	// Of events of a message: the whole of it, but for its id and time, which are never the same.
	Message       string            `json:"message,omitempty"`
	CorrelationId string            `json:"correlation_id,omitempty"`
	Type          string            `json:"message_type,omitempty"`
	Headers       map[string]string `json:"headers,omitempty"`
	Delivery      int               `json:"delivery,omitempty"` // 1 the first time; 0 before it was received

	Error        string `json:"error,omitempty"`
	Capabilities string `json:"capabilities,omitempty"` // of "opened": what the queue declares
	Count        *int64 `json:"count,omitempty"`        // of "left", "stopped" and "done": messages
}

// on is an event of a message in a queue, or on its way to it.
func on(queue queues.IMessageQueue, what string, envelope *queues.MessageEnvelope) event {
	return event{
		What:          what,
		Queue:         queue.Name(),
		Message:       envelope.GetMessageAsString(),
		CorrelationId: envelope.CorrelationId,
		Type:          envelope.MessageType,
		Headers:       envelope.Headers,
		Delivery:      envelope.DeliveryCount,
	}
}

// because adds what went wrong.
func (e event) because(err error) event {
	e.Error = err.Error()
	return e
}

// write writes an event, which a line of text tells to people. Without text it is for programs only.
func (j *journal) write(e event, text string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.json:
		_ = json.NewEncoder(j.out).Encode(e) // to standard output; nobody could be told
	case text != "":
		fmt.Fprintf(j.out, text+"\n", args...)
	}
}
