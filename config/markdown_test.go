package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

func TestMarkdownShowsEverythingThatWasDescribed(t *testing.T) {
	t.Parallel()
	set := config.NewSet(
		config.Duration("options.wait").Default(90*time.Second).Between(time.Duration(0), 36*time.Hour).ZeroMeans("never").Help("How long\nto wait.").Since("1.1"),
		config.Integer("options.any").Default(-1).Help("Any | all.").Since("1.1"),
		config.Integer("options.most").Default(0).ZeroMeans("none").AtLeast(0).Help("Most.").Since("1.1"),
		config.Choice("options.color", "red", "green").Default("red").Help("Color.").Since("1.2"),
		config.String("options.twin").DefaultText("<name>.twin").Help("Twin.").Since("1.2"),
		config.String("credential.token").Default("t0ken").Secret().Help("Token.").Since("1.2"),
		config.Boolean("options.old").Default(true).Deprecated("it does nothing").Since("1.0"),
	)
	require.Equal(t, `| key | type | default | allowed | since | meaning |
|---|---|---|---|---|---|
| `+"`options.wait`"+` | duration, ms | `+"`90000`"+` | 0 (never) to 129600000 (36h) | 1.1 | How long to wait. |
| `+"`options.any`"+` | integer | `+"`-1`"+` |  | 1.1 | Any \| all. |
| `+"`options.most`"+` | integer | `+"`0`"+` (none) | 0 (none) or more | 1.1 | Most. |
| `+"`options.color`"+` | choice | `+"`red`"+` | `+"`red`, `green`"+` | 1.2 | Color. |
| `+"`options.twin`"+` | string | \<name>.twin |  | 1.2 | Twin. |
| `+"`credential.token`"+` | string |  |  | 1.2 | Token. Secret: never shown in errors or logs. |

Deprecated: accepted with a warning, so that existing files go on working.

| key | type | since | why |
|---|---|---|---|
| `+"`options.old`"+` | boolean | 1.0 | it does nothing |
`, set.Markdown())
}

func TestMarkdownHasARowForEachOption(t *testing.T) {
	t.Parallel()
	page := config.Cached().Markdown()
	for _, key := range config.Cached().Keys() {
		require.Equal(t, 1, strings.Count(page, "| `"+key+"` |"), key)
	}
	columns := regexp.MustCompile(`(^|[^\\])\|`)
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "|") {
			require.Contains(t, []int{7, 5}, len(columns.FindAllString(line, -1)), line)
		}
	}
}

// quotedKeys finds the keys of options that a text mentions in backticks.
func quotedKeys(text string) []string {
	var keys []string
	for _, match := range regexp.MustCompile("`([a-z]+\\.[a-z_]+)`").FindAllStringSubmatch(text, -1) {
		keys = append(keys, match[1])
	}
	return keys
}
