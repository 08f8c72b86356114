package config_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// sample has an option of each type.
func sample() config.Set {
	return config.NewSet(
		config.Duration("options.wait").Default(time.Second).Between(time.Millisecond, time.Minute),
		config.Integer("options.tries").Default(3).Between(0, 9).ZeroMeans("no limit"),
		config.Size("options.buffer").Default(4096),
		config.Boolean("options.eager").Default(true),
		config.String("options.title").Default("untitled"),
		config.Choice("options.color", "red", "green").Default("red").Noun("color"),
		config.List("options.tags").Default([]string{"a"}),
		config.List("options.days", "monday", "tuesday", "sunday").Noun("day"),
		config.String("options.password").Secret(),
		config.Integer("options.pin").Between(0, 9999).Secret(),
		config.Duration("options.interval").Deprecated("use options.wait"),
	)
}

func TestParseReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	values, problems := sample().Parse(params(
		"options.wait", 1500,
		"options.tries", "+4",
		"options.buffer", " 65536\n",
		"options.eager", "No",
		"options.title", "  the title ",
		"options.color", "green",
		"options.tags", " x, y ,,x",
		"options.days", "sunday,monday",
		"options.password", "hunter2",
	))
	require.Empty(t, problems)
	require.Equal(t, 1500*time.Millisecond, values.Duration("options.wait"))
	require.Equal(t, 4, values.Int("options.tries"))
	require.Equal(t, int64(65536), values.Int64("options.buffer"))
	require.False(t, values.Bool("options.eager"))
	require.Equal(t, "the title", values.String("options.title"))
	require.Equal(t, "green", values.String("options.color"))
	require.Equal(t, []string{"x", "y"}, values.List("options.tags"))
	require.Equal(t, []string{"sunday", "monday"}, values.List("options.days"))
	require.Equal(t, "hunter2", values.String("options.password"))
	require.True(t, values.IsSet("options.wait"))
	require.False(t, values.IsSet("options.pin"))
}

func TestParseFallsBackOnDefaults(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]*struct{ tuples []any }{
		"for nil params":   nil,
		"for no params":    {},
		"for empty values": {[]any{"options.wait", "", "options.tries", nil, "options.eager", "  ", "options.tags", " , ", "options.title", map[string]any{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, problems := sample().Parse(nil)
			if given != nil {
				values, problems = sample().Parse(params(given.tuples...))
			}
			require.Empty(t, problems)
			require.Equal(t, time.Second, values.Duration("options.wait"))
			require.Equal(t, 3, values.Int("options.tries"))
			require.Equal(t, 4096, values.Int("options.buffer"))
			require.True(t, values.Bool("options.eager"))
			require.Equal(t, "untitled", values.String("options.title"))
			require.Equal(t, "red", values.String("options.color"))
			require.Equal(t, []string{"a"}, values.List("options.tags"))
			require.Nil(t, values.List("options.days"))
			require.Empty(t, values.String("options.password"))
			for _, key := range sample().Keys() {
				require.False(t, values.IsSet(key), key)
			}
		})
	}
}

func TestParseSaysWhatIsWrongAndWhatToWrite(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, key, value, text string }{
		{"a duration with a unit", "options.wait", "30s", `options.wait: "30s" is not a whole number of milliseconds; write 30000`},
		{"a duration with a blank and capitals", "options.wait", "5 MS", `options.wait: "5 MS" is not a whole number of milliseconds; write 5`},
		{"a duration with a unit that is too long anyway", "options.wait", "2h", `options.wait: "2h" is not a whole number of milliseconds; write digits only`},
		{"a fraction of a millisecond", "options.wait", "1.5", `options.wait: "1.5" is not a whole number of milliseconds; write digits only`},
		{"words for a duration", "options.wait", "soon", `options.wait: "soon" is not a whole number of milliseconds; write digits only`},
		{"a shell variable", "options.wait", "${WAIT}", `options.wait: "${WAIT}" is not a whole number of milliseconds; container files expand {{NAME}}, not ${NAME}`},
		{"a duration that is too short", "options.wait", "0", `options.wait: 0 is below the least allowed, 1`},
		{"a duration that is too long", "options.wait", "60001", `options.wait: 60001 is above the most allowed, 60000 (1m)`},
		{"a duration that overflows", "options.wait", "99999999999999999999", `options.wait: 99999999999999999999 is above the most allowed, 60000 (1m)`},
		{"an integer below", "options.tries", "-1", `options.tries: -1 is below the least allowed, 0 (no limit)`},
		{"an integer that underflows", "options.tries", "-99999999999999999999", `options.tries: -99999999999999999999 is below the least allowed, 0 (no limit)`},
		{"an integer above", "options.tries", "10", `options.tries: 10 is above the most allowed, 9`},
		{"an integer as a float", "options.tries", "5.0", `options.tries: "5.0" is not a whole number; write 5`},
		{"a size with a binary unit", "options.buffer", "64 KiB", `options.buffer: "64 KiB" is not a whole number of bytes; write 65536`},
		{"a size with a decimal unit", "options.buffer", "2MB", `options.buffer: "2MB" is not a whole number of bytes; write 2000000`},
		{"a size with an unknown unit", "options.buffer", "2 parsecs", `options.buffer: "2 parsecs" is not a whole number of bytes; write digits only`},
		{"a negative size", "options.buffer", "-1", `options.buffer: -1 is below the least allowed, 0`},
		{"a boolean in words", "options.eager", "yes please", `options.eager: "yes please" is not true or false`},
		{"a boolean as a shell variable", "options.eager", "${EAGER}", `options.eager: "${EAGER}" is not true or false; container files expand {{NAME}}, not ${NAME}`},
		{"a misspelt choice", "options.color", "grene", `options.color: unknown color "grene"; did you mean green?`},
		{"a choice in capitals", "options.color", "RED", `options.color: unknown color "RED"; did you mean red?`},
		{"no such choice", "options.color", "mauve", `options.color: unknown color "mauve"; choose from red, green`},
		{"a misspelt entry of a list", "options.days", "sunday,munday", `options.days: unknown day "munday"; did you mean monday?`},
		{"a line end in a value", "options.color", "red\ngreen", `options.color: unknown color "red\ngreen"; choose from red, green`},
		{"a very long value", "options.eager", strings.Repeat("x", 1000), `options.eager: "` + strings.Repeat("x", 60) + `…" is not true or false`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values, problems := sample().Parse(params(test.key, test.value))
			require.Equal(t, config.Problems{{Key: test.key, Value: test.value, Text: test.text}}, problems)
			require.False(t, values.IsSet(test.key))
			require.Equal(t, defaults(t).Text(test.key), values.Text(test.key), "the default holds")
		})
	}
}

func defaults(t *testing.T) config.Values {
	t.Helper()
	values, problems := sample().Parse(nil)
	require.Empty(t, problems)
	return values
}

func TestParseTakesBooleansAsTheToolkitDoes(t *testing.T) {
	t.Parallel()
	for want, texts := range map[bool]string{
		true:  "true True TRUE t T yes YES y Y 1",
		false: "false False FALSE f F no NO n N 0",
	} {
		for _, text := range strings.Fields(texts) {
			values, problems := sample().Parse(params("options.eager", text))
			require.Empty(t, problems, text)
			require.Equal(t, want, values.Bool("options.eager"), text)
			require.True(t, values.IsSet("options.eager"), text)
		}
	}
	for _, text := range strings.Fields("on off 2 -1 truee nope null ja") {
		_, problems := sample().Parse(params("options.eager", text))
		require.Len(t, problems.Errors(), 1, text)
	}
}

func TestParseReportsEverythingAtOnceInTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	given := params(
		"options.wait", "soon", "options.tries", -1, "options.wat", 5, "options.days", "moonday,sunday,x", "options.interval", 5,
	)
	want := strings.Join([]string{
		`options.days: unknown day "moonday"; did you mean monday?`,
		`options.days: unknown day "x"; choose from monday, tuesday, sunday`,
		`warning: options.interval is deprecated; use options.wait`,
		`options.tries: -1 is below the least allowed, 0 (no limit)`,
		`options.wait: "soon" is not a whole number of milliseconds; write digits only`,
		`unknown option options.wat; did you mean options.wait?`,
	}, "\n")
	for range 20 { // maps have no order
		_, problems := sample().Parse(given)
		require.Equal(t, want, problems.String())
	}
}

func TestParseReadsASequenceAsAList(t *testing.T) {
	t.Parallel()
	t.Run("in the order of its positions", func(t *testing.T) {
		t.Parallel()
		given, want := params(), strings.Split("mlkjihgfedcba", "")
		for i, entry := range want { // past ten, so that 10 must not come before 2
			given.Put("options.tags."+strconv.Itoa(i), entry)
		}
		values, problems := sample().Parse(given)
		require.Empty(t, problems)
		require.Equal(t, want, values.List("options.tags"))
	})
	t.Run("and checks its entries", func(t *testing.T) {
		t.Parallel()
		_, problems := sample().Parse(params("options.days.0", "monday", "options.days.1", "sundey"))
		require.EqualError(t, problems.Err(), `options.days: unknown day "sundey"; did you mean sunday?`)
	})
	t.Run("but not beside a text", func(t *testing.T) {
		t.Parallel()
		_, problems := sample().Parse(params("options.tags", "a", "options.tags.0", "b"))
		require.EqualError(t, problems.Err(), "options.tags: is given both as text and as a sequence; keep one of them")
	})
	t.Run("and nothing else", func(t *testing.T) {
		t.Parallel()
		_, problems := sample().Parse(params("options.wait.0", "1"))
		require.EqualError(t, problems.Err(), "unknown option options.wait.0; options.wait takes one value, not a section or a sequence")
		_, problems = sample().Parse(params("options.tags.first", "1"))
		require.Len(t, problems.Errors(), 1)
	})
}

func TestParseAcceptsDeprecatedOptionsWithAWarning(t *testing.T) {
	t.Parallel()
	t.Run("and their values", func(t *testing.T) {
		t.Parallel()
		values, problems := sample().Parse(params("options.interval", 5))
		require.NoError(t, problems.Err())
		require.Equal(t, config.Problems{{
			Key: "options.interval", Value: "5", Text: "options.interval is deprecated; use options.wait", Warning: true,
		}}, problems)
		require.Equal(t, 5*time.Millisecond, values.Duration("options.interval"))
	})
	t.Run("even with a bad value", func(t *testing.T) {
		t.Parallel()
		values, problems := sample().Parse(params("options.interval", "often"))
		require.NoError(t, problems.Err())
		require.Len(t, problems.Warnings(), 2)
		require.False(t, values.IsSet("options.interval"))
	})
}

func TestProblemsNeverShowASecret(t *testing.T) {
	t.Parallel()
	const secret = "48151623"
	set := sample().With(config.Choice("options.mode", "plain", "x").Secret(), config.Duration("options.grace").Between(0*time.Second, time.Second).Secret()).
		WithCheck(func(values config.Values) []config.Problem {
			return []config.Problem{
				{Key: "options.password", Text: "options.password: " + values.String("options.password") + " is weak"},
				{Key: "options.title", Value: "like " + values.String("options.password"), Text: "options.title: the same as " + values.String("options.password")},
			}
		})
	for _, tuples := range [][]any{
		{"options.password", secret},
		{"options.pin", secret},
		{"options.pin", secret + "s"},
		{"options.mode", secret},
		{"options.grace", secret + "ms"},
		{"options.pasword", secret},
		{"options.api_token", secret},
		{"option.password", secret},
		{"options.password.0", secret},
	} {
		values, problems := set.Parse(params(tuples...))
		require.NotEmpty(t, problems, tuples)
		for _, problem := range problems {
			require.NotContains(t, problem.Text+problem.Value, secret[:7], tuples)
			if problem.Key == tuples[0] {
				require.Equal(t, "***", problem.Value)
			}
		}
		require.NotContains(t, values.Text("options.password"), secret)
	}
}

func TestProblemsDoNotHelpToGuessASecret(t *testing.T) {
	t.Parallel()
	set := config.NewSet(
		config.Choice("options.mode", "plain", "other").Secret(),
		config.Duration("options.grace").Secret(),
		config.Integer("options.pin").Between(0, 9).Secret(),
	)
	_, problems := set.Parse(params("options.mode", "plian", "options.grace", "481ms", "options.pin", "10"))
	require.Equal(t, `options.grace: "***" is not a whole number of milliseconds; write digits only
options.mode: unknown value "***"; choose from plain, other
options.pin: *** is above the most allowed, 9`, problems.String())
}

func TestAnIntegerWithoutBoundsMustFitAllTheSame(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.Integer("options.a"))
	_, problems := set.Parse(params("options.a", "9223372036854775808"))
	require.EqualError(t, problems.Err(), "options.a: 9223372036854775808 is above the most allowed, 9223372036854775807")
	_, problems = set.Parse(params("options.a", "-9223372036854775809"))
	require.EqualError(t, problems.Err(), "options.a: -9223372036854775809 is below the least allowed, -9223372036854775808")
}

func TestParseKnownIgnoresWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	values, problems := sample().ParseKnown(params("options.shade", "x", "options.waits", 5, "option.wait", 5, "options.wait", 7))
	require.Empty(t, problems)
	require.Equal(t, 7*time.Millisecond, values.Duration("options.wait"))
	_, problems = sample().ParseKnown(params("options.wait", "x"))
	require.Len(t, problems.Errors(), 1, "what it knows is checked all the same")
}

func TestParseLeavesItsParamsAlone(t *testing.T) {
	t.Parallel()
	given := params("options.wait", " 5 ", "options.x", "y")
	before := given.String()
	_, _ = sample().Parse(given)
	require.Len(t, given.Keys(), 2)
	require.ElementsMatch(t, strings.Split(before, ";"), strings.Split(given.String(), ";"))
}
