package mqtt

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestEnvelopesComeBack(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]*queues.MessageEnvelope{
		"full": {
			MessageId: "id", CorrelationId: "correlation", MessageType: "type", SentTime: time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC),
			Message: []byte{0, 255}, Headers: map[string]string{"one": "1", "": "no name", "empty": "", "имя": "🚀"},
		},
		"bare": {Message: []byte("payload")},
		"odd": {
			MessageId: "line\nbreak", CorrelationId: "not UTF-8 \xff", MessageType: "zero\x00", Message: []byte("x"),
			Headers: map[string]string{"message_id": "not it", "pip_escaped": "nor this", "h:x": "1", "f:x": "2", "tab\t": "3", "bytes": "\xc3\x28"},
		},
	} {
		for _, f := range []format{{}, {envelopes: true}} {
			if f.envelopes && name != "full" {
				continue // JSON is UTF-8, and envelopes in it have a time
			}
			message, err := f.encode(sent, "orders", 1, false)
			require.NoError(t, err)
			require.Equal(t, sent, f.decode(message), "%s, envelopes: %t", name, f.envelopes)
		}
	}
}

func TestUserPropertiesAreThoseOfTheFamily(t *testing.T) {
	t.Parallel()
	message, err := format{}.encode(&queues.MessageEnvelope{
		MessageId: "1", CorrelationId: "2", MessageType: "3", SentTime: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Headers: map[string]string{"tenant": "7"},
	}, "orders", 2, true)
	require.NoError(t, err)
	require.Equal(t, "orders", message.Topic)
	require.Equal(t, byte(2), message.QoS)
	require.True(t, message.Retain)
	require.Equal(t, paho.UserProperties{
		{Key: "message_id", Value: "1"},
		{Key: "correlation_id", Value: "2"},
		{Key: "message_type", Value: "3"},
		{Key: "sent_time", Value: "2024-01-02T03:04:05Z"},
		{Key: "tenant", Value: "7"},
	}, message.Properties.User)
}

func TestPropertiesHaveALimit(t *testing.T) {
	t.Parallel()
	long := &queues.MessageEnvelope{Headers: map[string]string{"long": strings.Repeat("x", 65536)}}
	_, err := format{}.encode(long, "orders", 1, false)
	require.ErrorIs(t, err, queues.ErrBadMessage)
	require.ErrorContains(t, err, "options.serialize_envelope")
	_, err = format{envelopes: true}.encode(long, "orders", 1, false)
	require.NoError(t, err)
}

func TestEnvelopesOfOtherLanguagesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*queues.MessageEnvelope{
		`{"message_id":"1","correlation_id":"2","message_type":"3","message":"cGF5bG9hZA=="}`: {MessageId: "1", CorrelationId: "2", MessageType: "3", Message: []byte("payload")},
		`{"trace_id":"2","message":null}`: {CorrelationId: "2"},
	} {
		require.Equal(t, want, format{envelopes: true}.decode(&paho.Publish{Payload: []byte(text)}))
	}
	plain := format{envelopes: true, plainText: true}
	require.Equal(t, &queues.MessageEnvelope{MessageId: "1", Message: []byte("payload")}, plain.decode(&paho.Publish{Payload: []byte(`{"message_id":"1","message":"payload"}`)}))
	require.Equal(t, &queues.MessageEnvelope{MessageId: "1"}, plain.decode(&paho.Publish{Payload: []byte(`{"message_id":"1"}`)}))
}

func TestWhatIsNoEnvelopeIsAPayload(t *testing.T) {
	t.Parallel()
	for _, f := range []format{{envelopes: true}, {envelopes: true, plainText: true}} {
		for _, text := range []string{"", "text", "{", `{"message": 5}`, `{"message_id": []}`} {
			got := f.decode(&paho.Publish{Payload: []byte(text)})
			require.Equal(t, text, string(got.Message))
			require.NotEmpty(t, got.Headers[HeaderEnvelopeError], text)
		}
	}
}

func TestTheSizeOfAMessageIsKnown(t *testing.T) {
	t.Parallel()
	for _, payload := range []int{0, 100, 200, 20_000, 3_000_000} {
		message, err := format{}.encode(&queues.MessageEnvelope{MessageId: "id", Message: make([]byte, payload), Headers: map[string]string{"a": "b", "имя": "значение"}}, "orders", 1, false)
		require.NoError(t, err)
		var wire bytes.Buffer
		_, err = message.Packet().WriteTo(&wire)
		require.NoError(t, err)
		require.GreaterOrEqual(t, sizeOf(message), wire.Len())
		require.LessOrEqual(t, sizeOf(message), wire.Len()+8)
	}
}
