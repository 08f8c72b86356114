package main

import (
	"os"
	"strings"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestTheReferenceInDocsIsUpToDate(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile("../../../docs/options.md")
	require.NoError(t, err)
	require.True(t, page() == string(written), `docs/options.md is out of date; run "go generate ./config"`)
}

func TestTheReferenceShowsTheErrorsThatParseGives(t *testing.T) {
	t.Parallel()
	_, problems := config.Queue().Parse(cconf.NewConfigParamsFromTuples(
		config.AutoRenew, "yes please",
		config.LockTimeout, "30s",
		"options.max_delivery", 5,
	))
	_, shown, _ := strings.Cut(page(), "```text\n")
	shown, _, _ = strings.Cut(shown, "\n```")
	require.Equal(t, problems.String(), shown)
}

func TestTheExampleInTheReferenceIsAccepted(t *testing.T) {
	t.Parallel()
	_, example, _ := strings.Cut(page(), "  options:\n")
	example, _, _ = strings.Cut(example, "```")
	params := cconf.NewEmptyConfigParams()
	for line := range strings.Lines(example) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		require.True(t, found, line)
		params.Put("options."+key, value)
	}
	require.Equal(t, 4, params.Len())
	values, problems := config.Queue().Parse(params)
	require.Empty(t, problems)
	require.Equal(t, []string{"dead_letter", "renew_lock"}, values.List(config.Require))
}
