package rabbitmq

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// delivered is what comes back of what was published.
func delivered(p amqp.Publishing) *amqp.Delivery {
	return &amqp.Delivery{
		Headers: p.Headers, MessageId: p.MessageId, CorrelationId: p.CorrelationId, Type: p.Type,
		Timestamp: time.Unix(p.Timestamp.Unix(), 0), Body: p.Body, DeliveryMode: p.DeliveryMode,
	}
}

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for name, sent := range map[string]*queues.MessageEnvelope{
		"all fields":         {MessageId: "id", CorrelationId: "c", MessageType: "t", SentTime: time.Unix(1, 2).UTC(), Message: []byte("A"), Headers: map[string]string{"a": "1"}},
		"long ids":           {MessageId: long, CorrelationId: long, MessageType: long, SentTime: time.Unix(1, 0).UTC()},
		"names of ours":      {SentTime: time.Unix(5, 0).UTC(), Headers: map[string]string{"sent_time": "never", "x-pip-delivered": "9", "x-pip-headers": "z"}},
		"names of theirs":    {SentTime: time.Unix(5, 0).UTC(), Headers: map[string]string{"CC": "1", "BCC": "2", "x-death": "3", "x-delivery-count": "4", "x-first-death-queue": "5"}},
		"names of nobody's":  {SentTime: time.Unix(5, 0).UTC(), Headers: map[string]string{"x-tenant": "1", "message_id": "2"}},
		"no time at all":     {MessageId: "id"},
		"an empty header":    {SentTime: time.Unix(5, 0).UTC(), Headers: map[string]string{"": ""}},
		"a zero byte inside": {SentTime: time.Unix(5, 0).UTC(), Headers: map[string]string{"a": "\x00\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := publishing(sent, true)
			require.NoError(t, err)
			d := delivered(p)
			if sent.SentTime.IsZero() {
				d.Timestamp = time.Time{}
			}
			got := envelopeOf(d)
			require.Equal(t, *sent, got)
			again := copyOf(d, 3)
			require.Equal(t, 4, deliveriesOf(delivered(again)))
			require.Equal(t, *sent, envelopeOf(&amqp.Delivery{
				Headers: again.Headers, MessageId: again.MessageId, CorrelationId: again.CorrelationId, Type: again.Type,
				Timestamp: again.Timestamp, Body: again.Body,
			}), "a copy in its place")
		})
	}
}

func TestDeliveriesAreCounted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		headers     amqp.Table
		redelivered bool
		want        int
		counted     bool
	}{
		{nil, false, 1, true},
		{nil, true, 2, false},
		{amqp.Table{"x-delivery-count": int64(0)}, false, 1, true},
		{amqp.Table{"x-delivery-count": int64(3)}, true, 4, true},
		{amqp.Table{"x-delivery-count": int64(3), "x-pip-delivered": int64(2)}, true, 6, true},
		{amqp.Table{"x-pip-delivered": int64(2)}, true, 4, false},
		{amqp.Table{"x-pip-delivered": "nonsense"}, false, 1, true},
	} {
		d := &amqp.Delivery{Headers: test.headers, Redelivered: test.redelivered}
		require.Equal(t, test.want, deliveriesOf(d), "%v", test)
		require.Equal(t, test.counted, (&handle{raw: d}).isCountedByServer(), "%v", test)
	}
}

func TestValuesOfHeadersBecomeText(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]any{
		"": nil, "a": "a", "true": true, "-7": int16(-7), "1.25": 1.25, "3.14": amqp.Decimal{Scale: 2, Value: 314},
		"/w==": []byte{0xff}, `{"a":["b",1]}`: amqp.Table{"a": []any{"b", int32(1)}}, "1970-01-01T00:00:01Z": time.Unix(1, 0),
	} {
		require.Equal(t, want, text(value))
	}
}
