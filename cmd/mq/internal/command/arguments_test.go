package command_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

func TestWhatIsNoCommandIsRefused(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"misspelt":            {[]string{"sned"}, `unknown command "sned" for "mq"; did you mean send?`},
		"like no other":       {[]string{"frobnicate"}, `unknown command "frobnicate" for "mq"; mq --help says what there is`},
		"behind flags":        {[]string{"-q", "--color", "never", "sned"}, `unknown command "sned" for "mq"; did you mean send?`},
		"of a group":          {[]string{"dead", "redirve", "memory:x"}, `unknown command "redirve" for "mq dead"; did you mean redrive?`},
		"of a group, unlike":  {[]string{"dead", "foo"}, `unknown command "foo" for "mq dead"; mq dead --help says what there is`},
		"a shell":             {[]string{"completion", "foo"}, `unknown command "foo" for "mq completion"; mq completion --help says what there is`},
		"a misspelt shell":    {[]string{"completion", "bsah"}, `unknown command "bsah" for "mq completion"; did you mean bash?`},
		"to be helped with":   {[]string{"help", "nosuch"}, `unknown command "nosuch" for "mq"; mq --help says what there is`},
		"to be helped with 2": {[]string{"help", "dead", "lsit"}, `unknown command "lsit" for "mq dead"; did you mean list?`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := shell.Run(t, test.args...)
			require.Equal(t, 2, result.Code)
			require.Equal(t, "mq: "+test.says+"\n", result.Err)
			require.Empty(t, result.Out)
		})
	}
}

func TestACommandThatOnlyHasOthersSaysWhich(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for _, args := range [][]string{nil, {"help"}, {"--help"}} {
		result := shell.Run(t, args...)
		require.Zero(t, result.Code, result.Err)
		require.Contains(t, result.Out, "\nUsage:\n  mq [command]\n")
	}
	for _, args := range [][]string{{"dead"}, {"dead", "--help"}, {"help", "dead"}} {
		result := shell.Run(t, args...)
		require.Zero(t, result.Code, result.Err)
		require.Contains(t, result.Out, "\nUsage:\n  mq dead [command]\n")
	}
	require.Contains(t, shell.Run(t, "help", "dead", "list").Out, "\nUsage:\n  mq dead list QUEUE [flags]\n")
	require.Contains(t, shell.Run(t, "__complete", "help", "dead", "").Out, "redrive\t")
	require.Contains(t, shell.Run(t, "__complete", "dead", "").Out, "redrive\t")
}

func TestAWrongNumberOfArgumentsIsToldByName(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"one of two":      {[]string{"move", "memory:x"}, "TO is missing; write mq move FROM TO"},
		"none of two":     {[]string{"diff"}, "OLD and NEW are missing; write mq diff OLD NEW"},
		"one too many":    {[]string{"peek", "memory:x", "y"}, `"y" is too much; write mq peek QUEUE`},
		"three of two":    {[]string{"copy", "memory:x", "memory:y", "z"}, `"z" is too much; write mq copy FROM TO`},
		"of no arguments": {[]string{"demo", "y"}, `"y" is too much; write mq demo`},
		"no dead letter":  {[]string{"dead", "show", "memory:x"}, "which dead letter? give its id"},
		"nothing dead":    {[]string{"dead", "show"}, "which queue? name one of the container file (-c), or write a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := shell.Run(t, test.args...)
			require.Equal(t, 2, result.Code)
			require.Contains(t, result.Err, "mq: "+test.says)
		})
	}
}

// Whoever asks for JSON gets it also where the command line itself cannot be read.
func TestErrorsOfTheCommandLineAreJSONToo(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for _, args := range [][]string{
		{"--json", "sned"},
		{"sned", "--json"},
		{"dead", "foo", "--json"},
		{"help", "nosuch", "--json"},
		{"move", "x", "--json"},
		{"send", "--tpye", "x", "--json"},
		{"send", "--count", "many", "--json=true"},
		{"bench", "memory:x", "--rate", "-1", "--json"},
	} {
		result := shell.Run(t, args...)
		require.Equal(t, 2, result.Code, args)
		var failure struct {
			Error struct{ Code, Message string }
		}
		require.NoError(t, json.Unmarshal([]byte(result.Err), &failure), "%s: %s", args, result.Err)
		require.Equal(t, "USAGE", failure.Error.Code)
		require.NotContains(t, failure.Error.Message, "; ;")
	}
	require.Equal(t, "mq: unknown flag: --frobnicate\n", shell.Run(t, "send", "--frobnicate", "x", "--json=false").Err)
	require.Equal(t, "mq: unknown flag: --frobnicate\n", shell.Run(t, "send", "--frobnicate", "x", "--", "--json").Err)
}
