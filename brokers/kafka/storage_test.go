package kafka

import (
	"strings"
	"testing"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	"github.com/stretchr/testify/require"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// options parses options of a queue, keys and values in turn.
func options(t *testing.T, tuples ...any) config.Values {
	t.Helper()
	values, problems := config.Queue().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(tuples...))
	require.NoError(t, problems.Err())
	return values
}

func TestTheModeFollowsWhatIsWantedAndWhatThereIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wanted string
		order  string
		shares bool
		mode   string
		fault  error
	}{
		"auto on a new cluster":           {modeAuto, "", true, modeShare, nil},
		"auto on an old cluster":          {modeAuto, "", false, modeGroup, nil},
		"auto with an order":              {modeAuto, headerCorrelationId, true, modeGroup, nil},
		"share on an old cluster":         {modeShare, "", false, "", queues.ErrNotSupported},
		"share with an order":             {modeShare, headerCorrelationId, true, "", queues.ErrBadConfig},
		"group on a cluster that shares":  {modeGroup, "", true, modeGroup, nil},
		"group with an order by a header": {modeGroup, "header:customer", false, modeGroup, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order, err := orderBy(test.order)
			require.NoError(t, err)
			s := &session{options: options(t, optionMode, test.wanted), link: &link{shares: test.shares}, order: order}
			err = s.chooseMode()
			require.ErrorIs(t, err, test.fault)
			if test.fault == nil {
				require.Equal(t, test.mode, s.mode)
			}
		})
	}
}

func TestNamesOfTopicsAndGroups(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options                       []any
		topic, group, dead, deadGroup string
		delayed                       string
	}{
		"by the queue's name":       {nil, "orders", "orders", "orders.dead", "orders.dead", "orders.delayed"},
		"a topic":                   {[]any{keyTopic, "events"}, "events", "events", "events.dead", "events.dead", "events.delayed"},
		"a group":                   {[]any{keyGroupId, "billing"}, "orders", "billing", "orders.billing.dead", "orders.billing.dead", "orders.billing.delayed"},
		"a topic of several groups": {[]any{keyTopic, "events", keyGroupId, "billing"}, "events", "billing", "events.billing.dead", "events.billing.dead", "events.billing.delayed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &session{options: options(t, test.options...), params: queues.StorageParams{Queue: "orders"}}
			topic, group := s.names(false)
			require.Equal(t, []string{test.topic, test.group}, []string{topic, group})
			require.Equal(t, test.delayed, delayedName(topic, group))
			s.params.Queue = "orders.dead"
			topic, group = s.names(true)
			require.Equal(t, []string{test.dead, test.deadGroup}, []string{topic, group})
			require.Equal(t, test.dead+delayedSuffix, delayedName(topic, group))
		})
	}
}

func TestWhatBelongsTogetherGoesToOnePartition(t *testing.T) {
	t.Parallel()
	order, err := orderBy("header:customer")
	require.NoError(t, err)
	s := &session{options: options(t, optionOrderBy, "header:customer"), topic: topic{partitions: 16}, order: order}
	of := func(customer string) int32 {
		return s.partitionOf(&queues.MessageEnvelope{Headers: map[string]string{"customer": customer}}, false)
	}
	require.Equal(t, of("a"), of("a"))
	require.NotEqual(t, of("a"), of("b"))
	require.EqualValues(t, anyPartition, s.partitionOf(&queues.MessageEnvelope{}, false), "without the header it is free to go anywhere")
	fixed := &session{options: options(t, optionPartition, 3), topic: topic{partitions: 16}}
	require.EqualValues(t, 3, fixed.partitionOf(&queues.MessageEnvelope{}, false))
	require.EqualValues(t, anyPartition, fixed.partitionOf(&queues.MessageEnvelope{}, true), "dead messages have a topic of one partition")
}

func TestOldKeysOfTheFamilyAreAccepted(t *testing.T) {
	t.Parallel()
	_, problems := config.Queue().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(
		"topic", "t", "group_id", "g", "from_beginning", true, "read_partitions", 1, "autocommit", true, "client_id", "c",
		"options.autosubscribe", true, "options.write_partition", 0, "options.acks", -1, "options.num_partitions", 3, "options.replication_factor", 1,
		"options.connect_timeout", 1000, "options.max_retries", 5, "options.retry_timeout", 30000, "options.request_timeout", 30000))
	require.NoError(t, problems.Err())
	require.Len(t, problems.Warnings(), 6, "%v", problems.Warnings())
}

func TestTopicNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"orders", "Orders.dead", "a_b-c.9", strings.Repeat("x", 249)} {
		require.True(t, isTopicName(name), name)
	}
	for _, name := range []string{"", ".", "..", "a b", "a/b", "Ж", strings.Repeat("x", 250)} {
		require.False(t, isTopicName(name), name)
	}
}

func TestAMechanismThatIsNotKnownIsNamed(t *testing.T) {
	t.Parallel()
	credential := cauth.NewCredentialParamsFromTuples("username", "u", "password", "do-not-print-me", "mechanism", "magic")
	_, err := mechanismOf(credential, "u", "p")
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "magic")
	require.NotContains(t, err.Error(), "do-not-print-me")
	for _, name := range []string{mechanismPlain, mechanismScram256, "SCRAM-SHA-512"} {
		credential := cauth.NewCredentialParamsFromTuples("username", "u", "password", "p", "mechanism", name)
		mechanism, err := mechanismOf(credential, "u", "p")
		require.NoError(t, err)
		require.Equal(t, strings.ToUpper(name), mechanism.Name())
	}
}
