package mqtt

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func planOf(t *testing.T, dead bool, settings ...any) (plan, error) {
	t.Helper()
	values, problems := config.Cached().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(settings...))
	require.NoError(t, problems.Err())
	return newPlan("orders", values, dead)
}

func TestPlans(t *testing.T) {
	t.Parallel()
	p, err := planOf(t, false)
	require.NoError(t, err)
	require.Equal(t, "orders", p.filter())
	require.Equal(t, "orders", p.session(0))
	require.Equal(t, queues.Traits{Ordered: true, Durable: true, NeedsServer: true}, p.traits())
	require.EqualValues(t, neverExpires, p.expiry)

	settings := []any{"topic", "a/b", "group", "g", "client_id", "c", "options.sessions", 3, "options.session_expiry", 1500, "options.retain", true}
	p, err = planOf(t, false, settings...)
	require.NoError(t, err)
	require.Equal(t, "$share/g/a/b", p.filter())
	require.Equal(t, []string{"c", "c.2", "c.3"}, []string{p.session(0), p.session(1), p.session(2)})
	require.EqualValues(t, 2, p.expiry)
	require.False(t, p.traits().Ordered)
	require.True(t, p.retain)

	p, err = planOf(t, true, settings...)
	require.NoError(t, err)
	require.Equal(t, "orders", p.filter(), "dead messages have a topic of their own")
	require.Equal(t, 1, p.sessions)
	require.False(t, p.retain)

	p, err = planOf(t, false, "options.qos", 0, "options.sessions", 2)
	require.NoError(t, err)
	require.Equal(t, queues.Traits{Ordered: true, AtMostOnce: true, NeedsServer: true}, p.traits())
}

func TestBadPlansAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings []any
		hint     string
	}{
		{[]any{"topic", "a/#/b"}, "topic"},
		{[]any{"topic", "$SYS/x"}, "group"},
		{[]any{"group", "a/b"}, "group"},
		{[]any{"topic", "#"}, "options.dead_letter_queue"},
		{[]any{"topic", "+"}, "options.dead_letter_queue"},
	} {
		_, err := planOf(t, false, test.settings...)
		require.ErrorIs(t, err, queues.ErrBadConfig, "%v", test.settings)
		require.ErrorContains(t, err, test.hint)
	}
	_, err := planOf(t, false, "topic", "#", "options.dead_letter_queue", "graveyard")
	require.NoError(t, err)
	_, err = planOf(t, false, "topic", "sensors/#")
	require.NoError(t, err)
}

func TestSecondsAreRoundedUp(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 1, seconds(time.Millisecond))
	require.EqualValues(t, 2, seconds(1001*time.Millisecond))
	require.EqualValues(t, neverExpires, seconds(0))
	require.EqualValues(t, neverExpires-1, seconds(1<<62))
}

func TestWhatIsThereIsAdopted(t *testing.T) {
	t.Parallel()
	made := note{Queue: "orders", Topic: "orders", Filter: "orders", ClientId: "orders", Sessions: 1}
	shared := note{Queue: "orders", Topic: "orders", Filter: "$share/g/orders", ClientId: "orders", Sessions: 2}
	for name, test := range map[string]struct {
		settings []any
		known    note
		former   string
		enough   bool
		sessions int
		filter   string
	}{
		"as planned":               {nil, made, "", true, 1, "orders"},
		"more sessions":            {nil, shared, "", true, 2, "$share/g/orders"},
		"fewer sessions":           {[]any{"options.sessions", 3}, shared, "", false, 3, "$share/g/orders"},
		"sessions that are shared": {[]any{"options.sessions", 2}, made, "orders", false, 2, "$share/orders/orders"},
		"a group":                  {[]any{"group", "g"}, made, "orders", false, 1, "$share/g/orders"},
	} {
		p, err := planOf(t, false, test.settings...)
		require.NoError(t, err)
		former, enough, err := p.adopt(&test.known)
		require.NoError(t, err, name)
		require.Equal(t, test.former, former, name)
		require.Equal(t, test.enough, enough, name)
		require.Equal(t, test.sessions, p.sessions, name)
		require.Equal(t, test.filter, p.filter(), name)
	}
	for key, value := range map[string]string{"topic": "others", "client_id": "other", "group": "other"} {
		p, err := planOf(t, false, key, value)
		require.NoError(t, err)
		_, _, err = p.adopt(&shared)
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, key)
		require.ErrorContains(t, err, value)
	}
}
