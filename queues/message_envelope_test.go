package queues_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

type order struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

func TestMakingAnEnvelope(t *testing.T) {
	t.Parallel()

	t.Run("empty is the zero value", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, queues.MessageEnvelope{}, *queues.NewEmptyMessageEnvelope())
	})

	t.Run("with a payload refers to it and is not sent yet", func(t *testing.T) {
		t.Parallel()
		payload := []byte("abc")
		envelope := queues.NewMessageEnvelope("123", "order", payload)
		require.Equal(t, "123", envelope.CorrelationId)
		require.Equal(t, "order", envelope.MessageType)
		require.Same(t, &payload[0], &envelope.Message[0])
		require.True(t, envelope.SentTime.IsZero())
		require.Nil(t, envelope.GetReference())
		require.Nil(t, envelope.Headers)
		require.Zero(t, envelope.DeliveryCount)
	})

	t.Run("from an object holds it as JSON", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewMessageEnvelopeFromObject("123", "order", order{7, "seven"})
		require.JSONEq(t, `{"number":7,"text":"seven"}`, envelope.GetMessageAsString())
		require.NotEmpty(t, envelope.MessageId)
	})

	t.Run("gives each an id of its own of 32 hexadecimal digits", func(t *testing.T) {
		t.Parallel()
		const many = 100_000
		ids := make(map[string]struct{}, many)
		for range many {
			id := queues.NewMessageEnvelope("", "", nil).MessageId
			if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
				t.Fatalf("the id %q is not 32 hexadecimal digits", id)
			}
			ids[id] = struct{}{}
		}
		require.Len(t, ids, many)
	})
}

func TestPayload(t *testing.T) {
	t.Parallel()

	t.Run("can be set and read as a string", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewEmptyMessageEnvelope()
		require.Empty(t, envelope.GetMessageAsString())
		envelope.SetMessageAsString("häß")
		require.Equal(t, "häß", envelope.GetMessageAsString())
		require.Equal(t, []byte("häß"), envelope.Message)
	})

	t.Run("can be set and read as an object", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewEmptyMessageEnvelope()
		envelope.SetMessageAsObject(order{7, "seven"})
		value, err := queues.GetMessageAs[order](envelope)
		require.NoError(t, err)
		require.Equal(t, order{7, "seven"}, value)
		pointer, err := queues.GetMessageAs[*order](envelope)
		require.NoError(t, err)
		require.Equal(t, &order{7, "seven"}, pointer)
		fields, err := queues.GetMessageAs[map[string]any](envelope)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"number": 7.0, "text": "seven"}, fields)
	})

	t.Run("is empty for a nil object, and that reads as the zero value", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewMessageEnvelopeFromObject("", "", nil)
		require.Equal(t, []byte{}, envelope.Message)
		value, err := queues.GetMessageAs[order](envelope)
		require.NoError(t, err)
		require.Zero(t, value)
		value, err = queues.GetMessageAs[order](nil)
		require.NoError(t, err)
		require.Zero(t, value)
	})

	t.Run("that does not decode is ErrBadMessage and the zero value, not half a one", func(t *testing.T) {
		t.Parallel()
		envelope := queues.NewMessageEnvelope("", "order", []byte(`{"number":7,"text":8}`))
		envelope.MessageId = "the-id"
		value, err := queues.GetMessageAs[order](envelope)
		require.ErrorIs(t, err, queues.ErrBadMessage)
		require.ErrorContains(t, err, "the-id")
		require.ErrorContains(t, err, "queues_test.order")
		require.Zero(t, value)
	})

	t.Run("is nil when an object cannot be encoded, not the one before, and Send says so", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("test")
		opened(t, queue)
		envelope := queues.NewMessageEnvelopeFromObject("", "", order{7, "before"})
		envelope.SetMessageAsObject(make(chan int))
		require.Nil(t, envelope.Message)
		copied := *envelope
		for _, unsendable := range []*queues.MessageEnvelope{envelope, &copied, envelope.Clone()} {
			err := queue.Send(t.Context(), "", unsendable)
			require.ErrorIs(t, err, queues.ErrBadMessage)
			require.ErrorContains(t, err, "chan int")
		}
		require.ErrorIs(t, queue.SendAsObject(t.Context(), "", "", func() {}), queues.ErrBadMessage)

		envelope.SetMessageAsObject(order{8, "after"})
		require.NoError(t, queue.Send(t.Context(), "", envelope), "a payload that can be sent replaces the fault")
		copied.SetMessageAsString("after")
		require.NoError(t, queue.Send(t.Context(), "", &copied))
		count, err := queue.ReadMessageCount()
		require.NoError(t, err)
		require.EqualValues(t, 2, count)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}

func TestEnvelopeAsText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		envelope *queues.MessageEnvelope
		want     string
	}{
		"shows correlation id, type and payload":   {queues.NewMessageEnvelope("123", "order", []byte("abc")), "[123,order,abc]"},
		"shows dashes for what is missing":         {queues.NewEmptyMessageEnvelope(), "[---,---,---]"},
		"shows nothing for an empty payload":       {queues.NewMessageEnvelope("123", "order", []byte{}), "[123,order,]"},
		"shows dashes for no envelope":             {nil, "[---,---,---]"},
		"shows 50 characters whole":                {queues.NewMessageEnvelope("", "", []byte(strings.Repeat("x", 50))), "[---,---," + strings.Repeat("x", 50) + "]"},
		"cuts more than 50 characters":             {queues.NewMessageEnvelope("", "", []byte(strings.Repeat("x", 51))), "[---,---," + strings.Repeat("x", 50) + "…]"},
		"counts characters, not bytes":             {queues.NewMessageEnvelope("", "", []byte(strings.Repeat("ß", 51))), "[---,---," + strings.Repeat("ß", 50) + "…]"},
		"shows what is not UTF-8 as it is":         {queues.NewMessageEnvelope("", "", []byte("a\xff\xfeb")), "[---,---,a\xff\xfeb]"},
		"counts a byte that is not UTF-8 as one":   {queues.NewMessageEnvelope("", "", []byte(strings.Repeat("\xff", 51))), "[---,---," + strings.Repeat("\xff", 50) + "…]"},
		"does not fail on a character cut by half": {queues.NewMessageEnvelope("", "", []byte("ab\xc3")), "[---,---,ab\xc3]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, test.envelope.String())
		})
	}
}

func TestCopyingAnEnvelope(t *testing.T) {
	t.Parallel()

	newEnvelope := func() *queues.MessageEnvelope {
		envelope := queues.NewMessageEnvelope("123", "order", []byte("abc"))
		envelope.SentTime = time.Now()
		envelope.Headers = map[string]string{"a": "1"}
		envelope.DeliveryCount = 2
		envelope.SetReference("token")
		return envelope
	}

	t.Run("by value shares payload, headers and lock", func(t *testing.T) {
		t.Parallel()
		envelope := newEnvelope()
		copied := *envelope
		require.Equal(t, *envelope, copied)
		require.Equal(t, "token", copied.GetReference())
		copied.Message[0], copied.Headers["a"], copied.MessageId = 'X', "2", "other"
		require.Equal(t, "Xbc", envelope.GetMessageAsString())
		require.Equal(t, "2", envelope.Headers["a"])
		require.NotEqual(t, "other", envelope.MessageId)
	})

	t.Run("with Clone shares nothing and was never received", func(t *testing.T) {
		t.Parallel()
		envelope := newEnvelope()
		clone := envelope.Clone()
		require.Nil(t, clone.GetReference())
		require.Equal(t, "token", envelope.GetReference())
		clone.SetReference("token")
		require.Equal(t, envelope, clone)
		clone.Message[0], clone.Headers["a"] = 'X', "2"
		require.Equal(t, "abc", envelope.GetMessageAsString())
		require.Equal(t, "1", envelope.Headers["a"])
	})

	t.Run("with Clone keeps nil nil and empty empty", func(t *testing.T) {
		t.Parallel()
		require.Nil(t, (*queues.MessageEnvelope)(nil).Clone())
		clone := queues.NewEmptyMessageEnvelope().Clone()
		require.Nil(t, clone.Message)
		require.Nil(t, clone.Headers)
		clone = queues.NewMessageEnvelope("", "", []byte{}).Clone()
		require.NotNil(t, clone.Message)
	})

	t.Run("of a received message by value settles it, once", func(t *testing.T) {
		t.Parallel()
		queue := queues.NewMemoryMessageQueue("test")
		opened(t, queue)
		require.NoError(t, queue.Send(t.Context(), "", newEnvelope()))
		received := receiveNow(t, queue)
		copied := *received
		require.NoError(t, queue.Complete(t.Context(), &copied))
		require.Nil(t, copied.GetReference())
		require.Nil(t, received.GetReference(), "both see that it is settled")
		require.NoError(t, queue.Abandon(t.Context(), received))
		count, err := queue.ReadMessageCount()
		require.NoError(t, err)
		require.Zero(t, count)
		require.NoError(t, queue.Close(t.Context(), ""))
	})
}
