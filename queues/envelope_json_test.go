package queues_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	cerr "github.com/pip-services3-gox/pip-services3-commons-gox/errors"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestWritingEnvelopeJSON(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 1, 31, 12, 0, 0, 123456789, time.UTC)
	for name, test := range map[string]struct {
		envelope queues.MessageEnvelope
		want     string
	}{
		"with everything": {
			queues.MessageEnvelope{
				CorrelationId: "123", MessageId: "1", MessageType: "order", SentTime: sent, Message: []byte("abc"),
				Headers: map[string]string{"b": "2", "a": "1"}, DeliveryCount: 5,
			},
			`{"message_id":"1","correlation_id":"123","message_type":"order","sent_time":"2026-01-31T12:00:00.123456789Z","message":"YWJj","headers":{"a":"1","b":"2"}}`,
		},
		"without payload and headers": {
			queues.MessageEnvelope{SentTime: sent.Truncate(time.Second)},
			`{"message_id":"","correlation_id":"","message_type":"","sent_time":"2026-01-31T12:00:00Z"}`,
		},
		"with an empty payload and empty headers": {
			queues.MessageEnvelope{SentTime: sent.Truncate(time.Second), Message: []byte{}, Headers: map[string]string{}},
			`{"message_id":"","correlation_id":"","message_type":"","sent_time":"2026-01-31T12:00:00Z"}`,
		},
		"in another zone": {
			queues.MessageEnvelope{SentTime: time.Date(2026, 1, 31, 12, 0, 0, 0, time.FixedZone("", 2*60*60))},
			`{"message_id":"","correlation_id":"","message_type":"","sent_time":"2026-01-31T12:00:00+02:00"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, envelope := range []any{test.envelope, &test.envelope} {
				data, err := json.Marshal(envelope)
				require.NoError(t, err)
				require.Equal(t, test.want, string(data))
			}
		})
	}

	inBubble(t, "takes the present for an envelope that was not sent yet", func(t *testing.T) {
		data, err := json.Marshal(queues.NewEmptyMessageEnvelope())
		require.NoError(t, err)
		require.JSONEq(t, `{"message_id":"","correlation_id":"","message_type":"","sent_time":"2000-01-01T00:00:00Z"}`, string(data))
		synctest.Wait()
	})

	t.Run("leaves the lock and the fault of a payload out", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewMessageEnvelopeFromObject("", "", make(chan int))
		envelope.SetReference("token")
		data, err := json.Marshal(envelope)
		require.NoError(t, err)
		require.NotContains(t, string(data), "token")
		require.NotContains(t, string(data), "chan")
	})
}

func TestReadingEnvelopeJSON(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		data string
		want queues.MessageEnvelope
	}{
		"written by Go v3, Node and .NET": {
			`{"message_id":"1","correlation_id":"123","message_type":"order","sent_time":"2026-01-31T12:00:00Z","message":"YWJj"}`,
			queues.MessageEnvelope{MessageId: "1", CorrelationId: "123", MessageType: "order", SentTime: noon, Message: []byte("abc")},
		},
		"written by .NET for an empty message": {
			`{"correlation_id":null,"message_id":"1","message_type":null,"sent_time":"2026-01-31T12:00:00.0000000Z","message":null}`,
			queues.MessageEnvelope{MessageId: "1", SentTime: noon},
		},
		"written by Node": {
			`{"message_id":"1","sent_time":"2026-01-31T12:00:00.250Z","message":"YWJj"}`,
			queues.MessageEnvelope{MessageId: "1", SentTime: noon.Add(250 * time.Millisecond), Message: []byte("abc")},
		},
		"written by Python, without a zone": {
			`{"correlation_id": "123", "message_id": "1", "message_type": "order", "sent_time": "2026-01-31T12:00:00.123456", "message": "YWJj"}`,
			queues.MessageEnvelope{
				MessageId: "1", CorrelationId: "123", MessageType: "order", SentTime: noon.Add(123456 * time.Microsecond), Message: []byte("abc"),
			},
		},
		"written by Python's str, with a space": {
			`{"sent_time": "2026-01-31 12:00:00"}`,
			queues.MessageEnvelope{SentTime: noon},
		},
		"written by Go v4, with trace_id": {
			`{"trace_id":"123","message_id":"1","sent_time":"2026-01-31T12:00:00Z"}`,
			queues.MessageEnvelope{CorrelationId: "123", MessageId: "1", SentTime: noon},
		},
		"with both, of which correlation_id counts": {
			`{"trace_id":"other","correlation_id":"123"}`,
			queues.MessageEnvelope{CorrelationId: "123"},
		},
		"with both, of which correlation_id is empty": {
			`{"trace_id":"123","correlation_id":""}`,
			queues.MessageEnvelope{CorrelationId: "123"},
		},
		"with nothing in it":                         {`{}`, queues.MessageEnvelope{}},
		"with null in every field":                   {`{"message_id":null,"correlation_id":null,"trace_id":null,"message_type":null,"sent_time":null,"message":null,"headers":null}`, queues.MessageEnvelope{}},
		"with fields that mean nothing":              {`{"other":[1,2],"reference":"x","delivery_count":7}`, queues.MessageEnvelope{}},
		"with a time in another zone, shown in UTC":  {`{"sent_time":"2026-01-31T14:00:00+02:00"}`, queues.MessageEnvelope{SentTime: noon}},
		"with an empty time":                         {`{"sent_time":" "}`, queues.MessageEnvelope{}},
		"with headers":                               {`{"headers":{"a":"1","b":""}}`, queues.MessageEnvelope{Headers: map[string]string{"a": "1", "b": ""}}},
		"with an empty payload, which is not absent": {`{"message":""}`, queues.MessageEnvelope{Message: []byte{}}},
		"with the year 1 of an unset time in .NET":   {`{"sent_time":"0001-01-01T00:00:00"}`, queues.MessageEnvelope{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			envelope := queues.MessageEnvelope{MessageId: "stale", Message: []byte("stale"), Headers: map[string]string{"stale": "1"}, DeliveryCount: 3}
			require.NoError(t, json.Unmarshal([]byte(test.data), &envelope))
			require.Equal(t, test.want, envelope)
		})
	}

	t.Run("null leaves the envelope as it was, as it does with any Go value", func(t *testing.T) {
		t.Parallel()
		envelope := queues.MessageEnvelope{MessageId: "1"}
		require.NoError(t, envelope.UnmarshalJSON([]byte("null")))
		require.Equal(t, queues.MessageEnvelope{MessageId: "1"}, envelope)
	})

	t.Run("and back again", func(t *testing.T) {
		t.Parallel()
		envelope := queues.MessageEnvelope{
			MessageId: "1", CorrelationId: "123", MessageType: "order", SentTime: noon.Add(time.Nanosecond), Message: []byte{0, 255, 1},
			Headers: map[string]string{"ä": "\"\n"},
		}
		data, err := json.Marshal(envelope)
		require.NoError(t, err)
		var read queues.MessageEnvelope
		require.NoError(t, json.Unmarshal(data, &read))
		require.Equal(t, envelope, read)
	})
}

func TestReadingBadEnvelopeJSON(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		data string
		want string
	}{
		"no JSON at all":             {`nonsense`, "envelope is not a JSON object"},
		"cut off":                    {`{"message_id":"1"`, "envelope is not a JSON object"},
		"an array":                   {`[]`, "envelope is not a JSON object"},
		"a text":                     {`"text"`, "envelope is not a JSON object"},
		"an id that is a number":     {`{"message_id":5}`, "envelope field message_id"},
		"a correlation id of truth":  {`{"correlation_id":true}`, "envelope field correlation_id"},
		"a trace id that is a list":  {`{"trace_id":[]}`, "envelope field trace_id"},
		"a type that is an object":   {`{"message_type":{}}`, "envelope field message_type"},
		"a time that is a number":    {`{"sent_time":1769860800}`, "envelope field sent_time"},
		"a time that is none":        {`{"sent_time":"yesterday"}`, `"yesterday" is not a time`},
		"a date without time":        {`{"sent_time":"2026-01-31"}`, "envelope field sent_time"},
		"a day that never was":       {`{"sent_time":"2026-02-30T00:00:00Z"}`, "envelope field sent_time"},
		"a payload that is an array": {`{"message":[1,2]}`, "envelope field message"},
		"a payload of plain text":    {`{"message":"plain text"}`, "envelope field message"},
		"headers that are a list":    {`{"headers":["a"]}`, "envelope field headers"},
		"a header that is a number":  {`{"headers":{"a":1}}`, "envelope field headers"},
	} {
		t.Run("refuses "+name+" and leaves the envelope as it was", func(t *testing.T) {
			t.Parallel()
			before := queues.MessageEnvelope{MessageId: "1", Message: []byte("x"), Headers: map[string]string{"a": "1"}}
			before.SetReference("token")
			envelope := before
			err := envelope.UnmarshalJSON([]byte(test.data))
			require.ErrorIs(t, err, queues.ErrBadMessage)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, before, envelope)
		})
	}

	t.Run("is an ApplicationError too, as every error of the package", func(t *testing.T) {
		t.Parallel()
		_, decoding := queues.GetMessageAs[int](queues.NewMessageEnvelope("123", "", []byte("x")))
		for _, err := range []error{
			new(queues.MessageEnvelope).UnmarshalJSON([]byte(`[]`)),
			new(queues.MessageEnvelope).UnmarshalJSON([]byte(`{"message_id":5}`)),
			new(queues.MessageEnvelope).UnmarshalJSON([]byte(`{"sent_time":"x"}`)),
			new(queues.MessageEnvelope).UnmarshalJSON([]byte(`{"message":"!"}`)),
			decoding,
		} {
			var application *cerr.ApplicationError
			require.ErrorAs(t, err, &application, err)
			require.Equal(t, "BAD_MESSAGE", application.Code)
		}
	})
}

func TestReadingPlainTextEnvelopes(t *testing.T) {
	t.Parallel()

	t.Run("takes the message as it is", func(t *testing.T) {
		t.Parallel()
		var envelope queues.MessageEnvelope
		require.NoError(t, envelope.UnmarshalPlainText([]byte(`{"message_id":"1","trace_id":"123","message":"YWJj is not decoded"}`)))
		require.Equal(t, "YWJj is not decoded", envelope.GetMessageAsString())
		require.Equal(t, "123", envelope.CorrelationId)
	})

	t.Run("takes null for no message", func(t *testing.T) {
		t.Parallel()
		envelope := queues.MessageEnvelope{Message: []byte("stale")}
		require.NoError(t, envelope.UnmarshalPlainText([]byte(`{"message":null}`)))
		require.Nil(t, envelope.Message)
	})

	t.Run("refuses what is no text", func(t *testing.T) {
		t.Parallel()
		var envelope queues.MessageEnvelope
		err := envelope.UnmarshalPlainText([]byte(`{"message":5}`))
		require.ErrorIs(t, err, queues.ErrBadMessage)
		require.ErrorContains(t, err, "envelope field message")
	})
}

// FuzzEnvelopeJSON reads anything without a panic; what it reads can be written, and read to the same.
func FuzzEnvelopeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"message_id":"1","correlation_id":"123","message_type":"order","sent_time":"2026-01-31T12:00:00Z","message":"YWJj","headers":{"a":"1"}}`,
		`{"trace_id":"123","sent_time":"2026-01-31T12:00:00.123456","message":null}`,
		`{"sent_time":"2026-01-31 12:00:00,5"}`,
		`{"sent_time":"2026-01-31T12:00:00.1234567890123+23:59"}`,
		`{"sent_time":"9999-12-31T23:59:59-01:00"}`,
		`{"sent_time":"0000-01-01T00:00:00+01:00"}`,
		`{"sent_time":"0001-01-01T00:00:00Z"}`,
		`{"message":"","headers":{}}`,
		`{"message_id":"\ud800","message":"YQ==\n"}`,
		`{"message_id":"a","message_id":"b","MESSAGE_ID":"c"}`,
		`null`, `[]`, `{`, ``, `{"headers":{"":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var plain queues.MessageEnvelope
		_ = plain.UnmarshalPlainText(data)

		var first queues.MessageEnvelope
		if err := first.UnmarshalJSON(data); err != nil {
			require.ErrorIs(t, err, queues.ErrBadMessage)
			require.Equal(t, queues.MessageEnvelope{}, first)
			return
		}
		written, err := json.Marshal(first)
		require.NoError(t, err)
		var second queues.MessageEnvelope
		require.NoError(t, json.Unmarshal(written, &second))

		// Empty and absent are the same on the wire; an envelope without a time is written with the present.
		if len(first.Message) == 0 {
			first.Message = nil
		}
		if len(first.Headers) == 0 {
			first.Headers = nil
		}
		if first.SentTime.IsZero() {
			second.SentTime = time.Time{}
		}
		require.Equal(t, first, second)
	})
}
