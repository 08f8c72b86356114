package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func roundTrip() group {
	return group{name: "round trip", cases: []testCase{
		{name: "a message sent is received", play: func(s *scene) {
			queue := s.open()
			s.send(queue, "A")
			s.complete(queue, s.receiveDelivery(queue, "A", 1))
			s.receiveNone(queue)
		}},
		{name: "a message can be received before it is sent", play: func(s *scene) {
			queue := s.open()
			received := s.receiveLater(queue, s.patience)
			s.settle()
			s.send(queue, "A")
			got := result(s, received, "Receive returns")
			require.NoError(s, got.err)
			require.NotNil(s, got.envelope)
			require.Equal(s, "A", got.envelope.GetMessageAsString())
			s.complete(queue, got.envelope)
		}},
		{name: "payloads come back byte for byte", play: func(s *scene) {
			queue := s.open()
			for name, payload := range oddPayloads() {
				envelope := newMessage("")
				envelope.Message = payload
				require.NoError(s, queue.Send(s.ctx, "", envelope), name)
				got := s.receiveReady(queue)
				require.True(s, bytes.Equal(payload, got.Message), "%s: sent %q, received %q", name, payload, got.Message)
				s.complete(queue, got)
			}
		}},
		{name: "a large payload comes back byte for byte", play: func(s *scene) {
			queue := s.open()
			payload := make([]byte, s.subject.MaxPayload)
			for i := range payload {
				payload[i] = byte(i * 7 >> 3)
			}
			envelope := newMessage("")
			envelope.Message = payload
			require.NoError(s, queue.Send(s.ctx, "", envelope))
			got := s.receiveReady(queue)
			require.True(s, bytes.Equal(payload, got.Message), "%d bytes sent, %d other bytes received", len(payload), len(got.Message))
			s.complete(queue, got)
		}},
		{name: "all fields come back", play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"tenant": "7", "Content-Type": "text/plain"}
			before := time.Now()
			require.NoError(s, queue.Send(s.ctx, "another id, for logs", sent))
			got := s.receiveReady(queue)
			require.Equal(s, sent.MessageId, got.MessageId)
			require.Equal(s, testCorrelation, got.CorrelationId, "the correlation id is the envelope's")
			require.Equal(s, testType, got.MessageType)
			require.Equal(s, sent.Headers, got.Headers)
			require.Equal(s, 1, got.DeliveryCount)
			require.NotNil(s, got.GetReference(), "the reference of a received message")
			require.Equal(s, time.UTC, got.SentTime.Location(), "SentTime is in UTC")
			// Brokers keep milliseconds or seconds, and may have a clock of their own.
			require.WithinDuration(s, before, got.SentTime, time.Second+s.slack, "SentTime")
			s.complete(queue, got)
		}},
		{name: "empty fields come back empty", play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queue.Send(s.ctx, "", &queues.MessageEnvelope{Message: []byte("A")}))
			got := s.receiveReady(queue)
			require.Empty(s, got.CorrelationId)
			require.Empty(s, got.MessageType)
			require.Empty(s, got.Headers)
			s.complete(queue, got)
		}},
		{name: "odd header values come back", play: func(s *scene) {
			s.checkHeaders(map[string]string{
				"empty":   "",
				"unicode": "Привет, 世界 🚀",
				"spaces":  "  in front and behind  ",
				"quotes":  `"double" 'single' \back`,
				"colon":   "a: b; c=d, e",
				"lines":   "first\nsecond\r\nthird",
				"long":    strings.Repeat("0123456789abcdef", 256),
			})
		}},
		{name: "odd header names come back", play: func(s *scene) {
			s.checkHeaders(map[string]string{
				"lower": "1", "UPPER": "2", "Mixed-Case": "3", "mixed-case": "4", "with.dot": "5", "with_underscore": "6",
				"with space": "7", "имя": "8", "x:y": "9",
			})
		}},
		{name: "headers with the names of fields come back", play: func(s *scene) {
			s.checkHeaders(map[string]string{
				"message_id": "not the id", "correlation_id": "not the correlation", "message_type": "not the type",
				"sent_time": "never", "message": "not the payload", "headers": "no",
			})
		}},
		{name: "many headers come back", play: func(s *scene) {
			headers := map[string]string{}
			for i := range 100 {
				headers[fmt.Sprintf("header-%d", i)] = fmt.Sprint(i)
			}
			s.checkHeaders(headers)
		}},
		{name: "a missing message id is assigned", play: func(s *scene) {
			queue := s.open()
			require.NoError(s, queue.Send(s.ctx, "", &queues.MessageEnvelope{Message: []byte("A")}))
			require.NoError(s, queue.Send(s.ctx, "", &queues.MessageEnvelope{Message: []byte("B")}))
			ids := []string{s.receiveReady(queue).MessageId, s.receiveReady(queue).MessageId}
			require.NotEmpty(s, ids[0])
			require.NotEmpty(s, ids[1])
			require.NotEqual(s, ids[0], ids[1], "assigned message ids")
		}},
		{name: "sending does not change the envelope", play: func(s *scene) {
			queue := s.open()
			sent := &queues.MessageEnvelope{Message: []byte("A"), Headers: map[string]string{"a": "1"}, DeliveryCount: 5}
			before := *sent.Clone()
			require.NoError(s, queue.Send(s.ctx, "", sent))
			s.receiveReady(queue)
			require.Equal(s, before, *sent)
		}},
		{name: "the queue keeps a copy of what is sent", play: func(s *scene) {
			queue := s.open()
			sent := newMessage("A")
			sent.Headers = map[string]string{"a": "1"}
			require.NoError(s, queue.Send(s.ctx, "", sent))
			id := sent.MessageId
			sent.Message[0] = 'X'
			sent.Headers["a"] = "2"
			sent.Headers["b"] = "3"
			sent.MessageId, sent.MessageType = "changed", "changed"
			got := s.receiveText(queue, "A")
			require.Equal(s, map[string]string{"a": "1"}, got.Headers)
			require.Equal(s, id, got.MessageId)
			require.Equal(s, testType, got.MessageType)
		}},
		{name: "one envelope can be sent several times", play: func(s *scene) {
			queue := s.open()
			envelope := newMessage("")
			for _, payload := range []string{"A", "B", "C"} {
				envelope.SetMessageAsString(payload)
				require.NoError(s, queue.Send(s.ctx, "", envelope))
			}
			s.expectAll(queue, "A", "B", "C")
		}},
		{name: "one envelope can be sent to two queues", play: func(s *scene) {
			one, two := s.open(), s.open()
			envelope := newMessage("A")
			require.NoError(s, one.Send(s.ctx, "", envelope))
			require.NoError(s, two.Send(s.ctx, "", envelope))
			inOne, inTwo := s.receiveText(one, "A"), s.receiveText(two, "A")
			inOne.Message[0] = 'X'
			require.Equal(s, "A", inTwo.GetMessageAsString(), "the copies are independent")
			s.complete(one, inOne)
			s.complete(two, inTwo)
		}},
		{name: "a received envelope can be sent on", play: func(s *scene) {
			one, two := s.open(), s.open()
			s.send(one, "A")
			received := s.receiveDelivery(one, "A", 1)
			require.NoError(s, two.Send(s.ctx, "", received))
			require.NoError(s, one.Send(s.ctx, "", received), "into the queue it comes from")
			s.complete(one, received)
			s.complete(two, s.receiveDelivery(two, "A", 1))
			s.complete(one, s.receiveDelivery(one, "A", 1))
			s.receiveNone(one)
			s.receiveNone(two)
		}},
		{name: "queues do not mix", play: func(s *scene) {
			one, two := s.open(), s.open()
			s.send(one, "A")
			s.receiveNone(two)
			s.expectAll(one, "A")
		}},
		{name: "objects come back", play: func(s *scene) {
			type order struct {
				Item  string
				Count int
				Tags  []string
			}
			queue := s.open()
			want := order{"apples <&> 🍏", 3, []string{"a", "b"}}
			require.NoError(s, queue.SendAsObject(s.ctx, testCorrelation, testType, want))
			envelope := s.receiveReady(queue)
			require.Equal(s, testCorrelation, envelope.CorrelationId)
			require.Equal(s, testType, envelope.MessageType)
			require.NotEmpty(s, envelope.MessageId)
			got, err := queues.GetMessageAs[order](envelope)
			require.NoError(s, err)
			require.Equal(s, want, got)
			s.complete(queue, envelope)

			require.NoError(s, queue.SendAsObject(s.ctx, "", testType, nil))
			envelope = s.receiveReady(queue)
			require.Empty(s, envelope.Message, "nothing has an empty payload")
			s.complete(queue, envelope)
		}},
		{name: "a message over the size limit is refused", play: func(s *scene) {
			queue := s.open(config.MaxMessageSize, 10)
			s.send(queue, "1234567890")
			require.ErrorIs(s, queue.Send(s.ctx, "", newMessage("12345678901")), queues.ErrMessageTooLarge)
			s.expectAll(queue, "1234567890")
		}},
	}}
}

func oddPayloads() map[string][]byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return map[string][]byte{
		"nil":          nil,
		"empty":        {},
		"one byte":     {'A'},
		"zero byte":    {0},
		"every byte":   all,
		"not UTF-8":    {0xff, 0xfe, 0xc3, 0x28, 0x80},
		"UTF-8":        []byte("Привет, 世界 🚀"),
		"new lines":    []byte("\r\n\n\r"),
		"JSON":         []byte(`{"a": [1, null, "\u0000"]}`),
		"white space":  []byte("  "),
		"looks coded":  []byte("SGVsbG8="),
		"looks a null": []byte("null"),
	}
}

// checkHeaders sends a message with headers and compares them one by one, for the sake of the message.
func (s *scene) checkHeaders(headers map[string]string) {
	queue := s.open()
	sent := newMessage("A")
	sent.Headers = maps.Clone(headers)
	require.NoError(s, queue.Send(s.ctx, "", sent))
	got := s.receiveText(queue, "A")
	for name, value := range headers {
		require.Contains(s, got.Headers, name, "header %q", name)
		require.Equal(s, value, got.Headers[name], "header %q", name)
	}
	require.ElementsMatch(s, slices.Collect(maps.Keys(headers)), slices.Collect(maps.Keys(got.Headers)), "names of the headers")
	require.Equal(s, sent.MessageId, got.MessageId)
	require.Equal(s, testType, got.MessageType)
	s.complete(queue, got)
}

// reception is what a Receive returned.
type reception struct {
	envelope *queues.MessageEnvelope
	err      error
	at       time.Time
}

// receiveLater begins to receive in a goroutine.
func (s *scene) receiveLater(queue queues.IMessageQueue, wait time.Duration) <-chan reception {
	received := make(chan reception, 1)
	go func() {
		envelope, err := queue.Receive(s.ctx, testCorrelation, wait)
		received <- reception{envelope, err, time.Now()}
	}()
	return received
}
