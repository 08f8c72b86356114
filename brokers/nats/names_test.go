package nats

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestStreamsHaveTheNameOfTheirQueueAsFarAsTheServerAllows(t *testing.T) {
	t.Parallel()
	for queue, stream := range map[string]string{
		"orders": "orders", "orders.dead": "orders_dead", "a b/c\\d*e>f\tg": "a_b_c_d_e_f_g", "grün": "grün",
	} {
		require.Equal(t, stream, streamName(queue))
		require.NoError(t, checkStream("", stream))
	}
	require.ErrorIs(t, checkStream(streamKey, "a.b"), queues.ErrBadConfig)
}

func TestSubjectsThatNobodyCanPublishToAreRefused(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"", "a b", "a.*", "a.>", ".a", "a.", "a..b", "$JS.a"} {
		require.ErrorIs(t, checkSubject(subjectKey, subject), queues.ErrBadConfig, subject)
	}
	for _, subject := range []string{"a", "a.b", "_a.b-c"} {
		require.NoError(t, checkSubject(subjectKey, subject))
	}
}

func TestSubjectsOfStreamsCoverThoseOfQueues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, subject string
		covered          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{">", "a.b", true},
		{"a.>", "a.b.c", true},
		{"a.>", "a", false},
		{"a.*", "a.b", true},
		{"a.*", "a.b.c", false},
		{"a.b", "a", false},
		{"a._.>", "a._.>", true},
		{"a.>", "a._.>", true},
		{"a.*.*", "a._.>", false},
	} {
		require.Equal(t, test.covered, covers(test.pattern, test.subject), "%s and %s", test.pattern, test.subject)
	}
}
