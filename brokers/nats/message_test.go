package nats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestPlainFieldsTravelAsHeadersOfTheirOwn(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	message := encode(&queues.MessageEnvelope{
		MessageId: "id", CorrelationId: "corr", MessageType: "type", SentTime: sent,
		Message: []byte("payload"), Headers: map[string]string{"colour": "grün"},
	}, "orders")
	require.Equal(t, "orders", message.Subject)
	require.Equal(t, "payload", string(message.Data))
	require.Equal(t, map[string][]string{
		"message_id": {"id"}, "correlation_id": {"corr"}, "message_type": {"type"},
		"sent_time": {"2026-01-02T03:04:05.0000006Z"}, "colour": {"grün"},
	}, map[string][]string(message.Header))
}

func TestOddFieldsAndHeadersComeBack(t *testing.T) {
	t.Parallel()
	sent := &queues.MessageEnvelope{
		MessageId: " id ", CorrelationId: "a\r\nb", MessageType: "\x00",
		Headers: map[string]string{
			"": "no name", "a b": "blank", "a:b": "colon", "Nats-Rollup": "all", "message_id": "mine", "pip_escaped": "f:message_id=x",
			"Status": "100", "empty": "", "lines": "a\nb", "bytes": "\xff\xfe", "ends": " x ", "grün": "grün",
		},
	}
	message := encode(sent, "orders")
	for name := range message.Header {
		require.Contains(t, []string{"empty", "bytes", headerEscaped}, name, "only what NATS takes as it is")
	}
	var got queues.MessageEnvelope
	decode(message, &got)
	require.Equal(t, *sent, got)
}

func TestHeadersOfTheServerAreNotShown(t *testing.T) {
	t.Parallel()
	message := encode(&queues.MessageEnvelope{MessageId: "id"}, "orders")
	message.Header.Set("Nats-Msg-Id", "x")
	message.Header.Set("sent_time", "yesterday")
	var got queues.MessageEnvelope
	decode(message, &got)
	require.Equal(t, queues.MessageEnvelope{MessageId: "id"}, got)
}
