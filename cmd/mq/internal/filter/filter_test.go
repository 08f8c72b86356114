package filter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/filter"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func dead() *queues.MessageEnvelope {
	return &queues.MessageEnvelope{
		MessageId: "id-1", MessageType: "order", CorrelationId: "corr", Message: []byte("pay load\nline"), SentTime: time.Now().Add(-48 * time.Hour),
		Headers: map[string]string{
			queues.HeaderDeadLetterReason: queues.ReasonMaxDeliveries, queues.HeaderDeadLetterError: "connection timeout", queues.HeaderDeadLetterSource: "orders",
			queues.HeaderDeadLetterTime: time.Now().Add(-2 * time.Hour).Format(time.RFC3339Nano), queues.HeaderDeliveryCount: "10",
			"colour": "red", "type": "a header",
		},
	}
}

func TestConditionsChooseMessages(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string]bool{
		"id=id-1": true, "id=id": false, "id!=id": true, "id~^id": true, "id!~^id": false,
		"type=order": true, "correlation=corr": true, "body~^line$": false, "body~(?m)^line$": true, "body=pay load\nline": true,
		"reason=max_deliveries": true, "error~timeout": true, "source=orders": true,
		"deliveries=10": true, "deliveries>9": true, "deliveries>10": false, "deliveries<11": true,
		"age>1h": true, "age<3h": true, "age>3h": false,
		"colour=red": true, "header.colour=red": true, "header.type=a header": true, "missing=": true, "missing=x": false,
	} {
		f, err := filter.Parse([]string{condition})
		require.NoError(t, err, condition)
		require.Equal(t, want, f.Match(dead()), condition)
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	t.Parallel()
	f, err := filter.Parse([]string{"type=order", "error~timeout", "colour=blue"})
	require.NoError(t, err)
	require.False(t, f.Match(dead()))
	none, err := filter.Parse(nil)
	require.NoError(t, err)
	require.True(t, none.IsEmpty())
	require.True(t, none.Match(dead()))
}

func TestAConditionThatIsNoneSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string]string{
		"timeout": "write FIELD=VALUE", "error~(": `"(" is not a regular expression`, "deliveries>x": `"x" is not a whole number`,
		"age>soon": `"soon" is not a time; write 90m`, "type>a": "> is for deliveries and age", "=x": "write FIELD=VALUE",
	} {
		_, err := filter.Parse([]string{condition})
		require.ErrorContains(t, err, want, condition)
	}
}

func TestAMessageThatIsNotDeadHasAgeAndDeliveriesToo(t *testing.T) {
	t.Parallel()
	live := &queues.MessageEnvelope{DeliveryCount: 2, SentTime: time.Now().Add(-time.Hour)}
	f, err := filter.Parse([]string{"deliveries=2", "age>59m", "age<61m"})
	require.NoError(t, err)
	require.True(t, f.Match(live))
	unknown, err := filter.Parse([]string{"age>1ms"})
	require.NoError(t, err)
	require.False(t, unknown.Match(&queues.MessageEnvelope{}), "when it was sent is not known")
}
