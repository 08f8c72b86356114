package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestJournalWritesForPeopleOrForPrograms(t *testing.T) {
	t.Parallel()
	queue := queues.NewMemoryMessageQueue("orders")
	envelope := queues.NewMessageEnvelope("line-1", "Line", []byte("apples"))
	envelope.Headers = map[string]string{"line_number": "1"}
	envelope.DeliveryCount = 2
	failed := on(queue, "failed", envelope).because(errors.New("too heavy"))

	text := &strings.Builder{}
	people := newJournal(text, false)
	people.write(failed, "failed   %s", envelope.Message)
	people.write(on(queue, "received", envelope), "")
	require.Equal(t, "failed   apples\n", text.String())

	text.Reset()
	newJournal(text, true).write(failed, "failed   %s", envelope.Message)
	read := event{}
	require.NoError(t, json.Unmarshal([]byte(text.String()), &read))
	require.Equal(t, event{
		What: "failed", Queue: "orders", Message: "apples", CorrelationId: "line-1", Type: "Line",
		Headers: map[string]string{"line_number": "1"}, Delivery: 2, Error: "too heavy",
	}, read)
}
