package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestAChecksProblemIsReportedWithTheOthers(t *testing.T) {
	t.Parallel()
	set := sample().WithCheck(func(values config.Values) []config.Problem {
		if values.Int("options.tries") > 5 && values.Duration("options.wait") > 10*time.Second {
			return []config.Problem{{Key: "options.tries", Text: "options.tries: too many for so long a wait"}}
		}
		return nil
	})
	_, problems := set.Parse(params("options.tries", 6))
	require.Empty(t, problems)
	_, problems = set.Parse(params("options.tries", 6, "options.wait", 20000, "options.eager", "x"))
	require.Equal(t, "options.eager: \"x\" is not true or false\noptions.tries: too many for so long a wait", problems.String())
	require.Equal(t, "6", problems[1].Value, "filled in")
	_, problems = set.ParseKnown(params("options.tries", 6, "options.wait", 20000))
	require.Len(t, problems, 1)
}

func TestACheckThatReadARefusedOrMissingOptionIsNotBelieved(t *testing.T) {
	t.Parallel()
	const key = "options.wait"
	reads := map[string]func(config.Values){
		"Duration": func(values config.Values) { values.Duration(key) },
		"IsSet":    func(values config.Values) { values.IsSet(key) },
		"Text":     func(values config.Values) { values.Text(key) },
	}
	for name, read := range reads {
		set := sample().WithCheck(func(values config.Values) []config.Problem {
			read(values)
			return []config.Problem{{Key: "options.tries", Text: "from the check"}}
		})
		_, problems := set.Parse(nil)
		require.Equal(t, "from the check", problems.String(), name)
		_, problems = set.Parse(params(key, "x"))
		require.NotContains(t, problems.String(), "from the check", name)
		_, problems = set.Without(key).Parse(nil)
		require.Empty(t, problems, name)
	}
}

func TestChecksOfOneSetDoNotReachAnother(t *testing.T) {
	t.Parallel()
	complain := func(text string) func(config.Values) []config.Problem {
		return func(config.Values) []config.Problem { return []config.Problem{{Key: "k", Text: text}} }
	}
	base := sample().WithCheck(complain("0")).WithCheck(complain("1")).WithCheck(complain("2"))
	left, right := base.WithCheck(complain("left")), base.WithCheck(complain("right"))
	for set, want := range map[*config.Set]string{&base: "0\n1\n2", &left: "0\n1\n2\nleft", &right: "0\n1\n2\nright"} {
		_, problems := set.Parse(nil)
		require.Equal(t, want, problems.String())
	}
}
