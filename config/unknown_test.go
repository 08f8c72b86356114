package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestAnUnknownOptionIsRefusedWithTheOneThatWasMeant(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"options.lock_timout":      "did you mean options.lock_timeout?",
		"options.lockTimeout":      "did you mean options.lock_timeout?",
		"options.Lock-Timeout":     "did you mean options.lock_timeout?",
		"options.lock.timeout":     "did you mean options.lock_timeout?",
		"options.lcok_timeout":     "did you mean options.lock_timeout?",
		"options.max_delivery":     "did you mean options.max_deliveries?",
		"options.concurrency":      "did you mean options.listen_concurrency?",
		"options.prefetch_count":   "did you mean options.prefetch?",
		"options.options.prefetch": "did you mean options.prefetch?",
		"options.queue":            "did you mean queue?",
		"options.requires":         "did you mean options.require?",
		"options.listen_intervall": "did you mean options.listen_interval?",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			_, problems := config.Queue().Parse(params(key, "1"))
			require.Equal(t, config.Problems{{Key: key, Value: "1", Text: "unknown option " + key + "; " + want}}, problems)
		})
	}
}

func TestAnUnknownOptionLikeNoOtherIsRefusedWithTheListOfThoseThereAre(t *testing.T) {
	t.Parallel()
	_, problems := sample().Parse(params("options.frobnicate", "1"))
	require.EqualError(t, problems.Err(),
		"unknown option options.frobnicate; those known under options are wait, tries, buffer, eager, title, color, tags, days, password, pin")

	_, problems = config.Queue().Parse(params("options.timeout", "1")) // lock_timeout or drain_timeout: no guess
	require.Contains(t, problems.String(), "those known under options are lock_timeout, ")

	_, problems = config.NewSet().Parse(params("options.x", "1"))
	require.EqualError(t, problems.Err(), "unknown option options.x; there are none under options")
}

func TestADeprecatedOptionIsSuggestedOnlyIfNothingElseIsAsNear(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.Integer("options.delays").Deprecated("gone"), config.Integer("options.delay"))
	_, problems := set.Parse(params("options.delayz", "1"))
	require.EqualError(t, problems.Err(), "unknown option options.delayz; did you mean options.delay?")
}

func TestAnUnknownOptionIsRefusedEvenWithoutAValueOrAProperName(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"options.nothing", "options.", "options..", "options.a.b.c", "options.\n"} {
		_, problems := config.Queue().Parse(params(key, nil))
		require.Len(t, problems.Errors(), 1, key)
		require.NotContains(t, problems.String(), "\n", key)
	}
}

func TestKeysOfOtherComponentsAreLeftAlone(t *testing.T) {
	t.Parallel()
	_, problems := config.Queue().Parse(params(
		"descriptor", "pip-services:message-queue:memory:default:1.0", "id", "x", "level", "info", "source", "here", "subject", "a",
		"connection.host", "localhost", "connections.0.port", 1, "credential.username", "u", "dependencies.connection", "d",
		"topic", "t", "interval", 5, "optional.lock_timeout_of_mine", 1, "", "x", ".", "y", "options", "",
	))
	require.Empty(t, problems)
}

func TestAnOptionInTheWrongPlaceIsAWarning(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"lock_timeout":         "lock_timeout is ignored here; did you mean options.lock_timeout?",
		"option.lock_timeout":  "option.lock_timeout is ignored; did you mean options.lock_timeout?",
		"Options.lock_timeout": "Options.lock_timeout is ignored; did you mean options.lock_timeout?",
		"opitons.lock_timout":  "opitons.lock_timout is ignored; did you mean options.lock_timeout?",
		"options":              "options has a value of its own, which is ignored; options go below it, as in options.lock_timeout",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			_, problems := config.Queue().Parse(params(key, "1"))
			require.Equal(t, config.Problems{{Key: key, Value: "1", Text: want, Warning: true}}, problems)
			require.NoError(t, problems.Err())
		})
	}
}
