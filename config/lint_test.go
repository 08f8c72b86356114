package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestTheSetsOfThisPackageAreWellDescribed(t *testing.T) {
	t.Parallel()
	require.Empty(t, config.Queue().Lint())
	require.Empty(t, config.Cached().Lint())
}

func TestLintFindsFaultsOfADescription(t *testing.T) {
	t.Parallel()
	complete := func(option config.Option) config.Option { return option.Help("h").Since("1") }
	tests := map[string]struct {
		option config.Option
		want   string
	}{
		"the zero option":             {complete(config.Option{}), ": has no type"},
		"an integer for a duration":   {complete(config.Duration("a").DefaultText("x").Default(30)), "a: default 30 (int) does not fit the type duration"},
		"a fraction of a millisecond": {complete(config.Duration("a").DefaultText("x").Default(time.Microsecond)), "a: default 1µs (time.Duration) does not fit the type duration"},
		"a text for a number":         {complete(config.Integer("a").DefaultText("x").Default("3")), "a: default 3 (string) does not fit the type integer"},
		"a number for a text":         {complete(config.String("a").Default(3)), "a: default 3 (int) does not fit the type string"},
		"a default of nil":            {complete(config.String("a").Default(nil)), "a: default <nil> (<nil>) does not fit the type string"},
		"a list for a text":           {complete(config.String("a").Default([]string{"b"})), "a: default [b] ([]string) does not fit the type string"},
		"a boolean for a text":        {complete(config.String("a").Default(true)), "a: default true (bool) does not fit the type string"},
		"bounds of another type":      {complete(config.Duration("a").Default(time.Second).AtLeast(1)), "a: lower bound 1 (int) does not fit the type duration"},
		"bounds of a text":            {complete(config.String("a").Between("a", "b")), "a: lower bound a (string) does not fit the type string"},
		"bounds that cross":           {complete(config.Integer("a").Default(1).Between(2, 1)), "a: lower bound 2 is above the upper bound, 1"},
		"a default out of bounds":     {complete(config.Integer("a").Default(3).Between(1, 2)), "a: default 3 is out of bounds"},
		"no choices":                  {complete(config.Choice("a")), "a: has no choices"},
		"a choice with a comma":       {complete(config.List("a", "b,c")), `a: choice "b,c" can't be written`},
		"a default that is no choice": {complete(config.Choice("a", "b").Default("c")), `a: default "c" is not among the choices`},
		"a default with a comma":      {complete(config.List("a").Default([]string{"b,c"})), `a: default "b,c" contains a comma`},
		"no default of a number":      {complete(config.Size("a")), "a: has no default"},
		"a secret with a default":     {complete(config.String("a").Secret().Default("b")), "a: is secret and has a default, which can be read in the source"},
		"no help":                     {config.String("a").Since("1"), "a: has no help text"},
		"no release":                  {config.String("a").Help("h"), "a: does not say since which release"},
		"deprecated without a reason": {complete(config.String("a").Deprecated("")), "a: does not say why it is deprecated"},
		"a key with an empty part":    {complete(config.String("a..b")), "a..b: is not a key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, config.NewSet(test.option).Lint(), test.want)
		})
	}
	require.Equal(t, []string{"a.b: lies inside the option a"},
		config.NewSet(complete(config.String("a")), complete(config.String("a.b"))).Lint())
}

func TestFaultsOfOneCopyDoNotReachAnother(t *testing.T) {
	t.Parallel()
	base := config.String("a").Help("h").Since("1").Default(1).Default(2).Default(3)
	left, right := base.Default(4), base.Default(5)
	require.Len(t, config.NewSet(base).Lint(), 3)
	require.Contains(t, config.NewSet(left).Lint(), "a: default 4 (int) does not fit the type string")
	require.Contains(t, config.NewSet(right).Lint(), "a: default 5 (int) does not fit the type string")
}

func TestABadDescriptionStillParses(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.Option{}, config.Integer("a").Default("x").Between(3, 2), config.Choice("b"), config.String("a.c"), config.Duration("b.d"))
	values, problems := set.Parse(params("a", 1, "b", "x", "", "y"))
	require.NotEmpty(t, problems)
	require.Zero(t, values.Int("a"))
	require.NotEmpty(t, set.Markdown())
	require.NotEmpty(t, set.JSONSchema())
}
