package config_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestWithReplacesInPlaceAndAppendsTheRest(t *testing.T) {
	t.Parallel()
	before := config.NewSet(config.Integer("a").Default(1), config.Integer("b"), config.Integer("c"))
	after := before.With(config.Integer("b").Default(2), config.Integer("d"), config.Integer("a").Default(3))
	require.Equal(t, []string{"a", "b", "c", "d"}, after.Keys())
	option, found := after.Lookup("b")
	require.True(t, found)
	require.Equal(t, "2", option.DefaultString())
	require.Equal(t, []string{"a", "b", "c"}, before.Keys(), "the receiver is as it was")
	option, _ = before.Lookup("a")
	require.Equal(t, "1", option.DefaultString(), "the receiver is as it was")
}

func TestWithoutRemovesOptions(t *testing.T) {
	t.Parallel()
	before := config.NewSet(config.Integer("options.a"), config.Integer("options.b"))
	after := before.Without("options.a", "options.z")
	require.Equal(t, []string{"options.b"}, after.Keys())
	require.Equal(t, []string{"options.a", "options.b"}, before.Keys())
	_, problems := after.Parse(params("options.a", 1))
	require.Len(t, problems.Errors(), 1)
	_, found := after.Lookup("options.a")
	require.False(t, found)
}

func TestOptionsIsACopy(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.Integer("a"))
	set.Options()[0] = config.Integer("b")
	require.Equal(t, []string{"a"}, set.Keys())
}

func TestTheZeroSetDescribesNothing(t *testing.T) {
	t.Parallel()
	var set config.Set
	values, problems := set.Parse(params("a", 1))
	require.Empty(t, problems)
	require.Zero(t, values.Int("a"))
	require.Empty(t, set.Markdown())
	require.Empty(t, set.Lint())
	require.NotEmpty(t, set.JSONSchema())
}

func TestOptionMethodsLeaveTheReceiverAsItWas(t *testing.T) {
	t.Parallel()
	choices := []string{"x", "y"}
	base := config.List("a", choices...)
	choices[0] = "changed"
	items := []string{"x"}
	changed := base.Default(items).DefaultText("d").Help("h").Since("1").Secret().Deprecated("w").Noun("n").ZeroMeans("z")
	items[0] = "changed"

	value, ok := changed.DefaultValue()
	require.True(t, ok)
	require.Equal(t, []string{"x"}, value)
	value.([]string)[0] = "changed"
	value, _ = changed.DefaultValue()
	require.Equal(t, []string{"x"}, value)
	changed.Choices()[0] = "changed"
	require.Equal(t, []string{"x", "y"}, changed.Choices())

	require.Equal(t, config.List("a", "x", "y"), base)
}

func TestOptionTellsWhatWasDescribed(t *testing.T) {
	t.Parallel()
	option := config.Duration("options.wait").Default(time.Second).Between(time.Millisecond, time.Minute).
		Help("How long.").Since("1.2").Secret().Deprecated("gone")
	require.Equal(t, "options.wait", option.Key())
	require.Equal(t, config.TypeDuration, option.Type())
	require.Equal(t, "ms", option.Unit())
	require.Equal(t, "bytes", config.Size("a").Unit())
	require.Empty(t, config.Integer("a").Unit())
	require.Equal(t, "How long.", option.HelpText())
	require.Equal(t, "1.2", option.Introduced())
	require.True(t, option.IsSecret())
	why, deprecated := option.Deprecation()
	require.True(t, deprecated)
	require.Equal(t, "gone", why)
	least, most, ok := option.Bounds()
	require.True(t, ok)
	require.Equal(t, []int64{1, 60000}, []int64{least, most})
	_, _, ok = config.String("a").Bounds()
	require.False(t, ok)
	value, ok := option.DefaultValue()
	require.True(t, ok)
	require.Equal(t, time.Second, value)
	require.Empty(t, option.DefaultString(), "secret")
	_, ok = config.String("a").DefaultValue()
	require.False(t, ok)
	value, _ = config.Integer("a").Default(5).DefaultValue()
	require.Equal(t, int64(5), value)
	value, _ = config.Boolean("a").Default(false).DefaultValue()
	require.Equal(t, false, value)
}

func TestNumbersWithoutBoundsHaveThoseOfTheirType(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.Duration("d"), config.Integer("i"), config.Size("s"), config.Integer("p").AtLeast(1))
	for key, want := range map[string][2]int64{
		"d": {0, 365 * 24 * 3600 * 1000},
		"i": {math.MinInt64, math.MaxInt64},
		"s": {0, math.MaxInt64},
		"p": {1, math.MaxInt64},
	} {
		option, _ := set.Lookup(key)
		least, most, _ := option.Bounds()
		require.Equal(t, want, [2]int64{least, most}, key)
		values, problems := set.Parse(params(key, most))
		require.Empty(t, problems, key)
		if key == "d" {
			require.Equal(t, 365*24*time.Hour, values.Duration(key))
		} else {
			require.Equal(t, most, values.Int64(key))
		}
	}
}

func TestValuesOfAnotherTypeOrUnknownKeyAreZero(t *testing.T) {
	t.Parallel()
	known, _ := sample().Parse(params("options.password", "p", "options.pin", 1, "options.days", "sunday"))
	for _, values := range []config.Values{{}, known} {
		for _, key := range append(sample().Keys(), "options.none", "") {
			option, _ := sample().Lookup(key)
			is := func(types ...config.Type) bool {
				for _, kind := range types {
					if option.Type() == kind && values.Text(key) != "" {
						return true
					}
				}
				return false
			}
			require.Equal(t, is(config.TypeDuration), values.Duration(key) != 0, key)
			require.Equal(t, is(config.TypeInteger, config.TypeSize), values.Int(key) != 0, key)
			require.Equal(t, is(config.TypeInteger, config.TypeSize), values.Int64(key) != 0, key)
			require.Equal(t, is(config.TypeBoolean), values.Bool(key), key)
			require.Equal(t, is(config.TypeString, config.TypeChoice), values.String(key) != "", key)
			require.Equal(t, is(config.TypeList), values.List(key) != nil, key)
		}
	}
}

func TestValuesPrintWithoutSecrets(t *testing.T) {
	t.Parallel()
	set := config.NewSet(config.String("b").Secret(), config.Integer("a").Default(1), config.String("c").Secret())
	values, _ := set.Parse(params("b", "hunter2"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		require.Equal(t, "{a:1 b:*** c:}", fmt.Sprintf(verb, values), verb)
	}
	require.Equal(t, "hunter2", values.String("b"))
}

func TestListIsACopy(t *testing.T) {
	t.Parallel()
	values, _ := sample().Parse(params("options.tags", "a,b"))
	values.List("options.tags")[0] = "changed"
	require.Equal(t, []string{"a", "b"}, values.List("options.tags"))
}

func TestASetMayBeUsedBySeveralGoroutines(t *testing.T) {
	t.Parallel()
	set, given := config.Cached(), params(config.LockTimeout, 5, "options.x", 1)
	values, _ := set.Parse(given)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, problems := set.Parse(given)
			_ = problems.String()
			_ = set.With(config.Integer("options.x")).WithCheck(func(config.Values) []config.Problem { return nil })
			_ = set.Markdown() + values.Text(config.LockTimeout)
			_ = set.JSONSchema()
		})
	}
	wait.Wait()
}
