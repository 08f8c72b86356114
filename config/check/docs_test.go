package check_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

// documented are the components that docs/configuration.md speaks of. Its nats has what every broker has;
// what is special about it is described, and tested, in its module.
func documented() []config.Component {
	nats := config.Component{
		Group: config.Group, Type: config.ComponentQueue, Kind: "nats", Version: "1.0",
		Options: config.Queue(), Credential: config.Credential(), NeedsConnection: true,
		Protocols:    []config.Protocol{{Name: "nats", Port: 4222}},
		Connection:   config.Connection(config.Protocol{Name: "nats", Port: 4222}),
		Capabilities: []string{"send", "receive", "renew_lock", "abandon", "dead_letter", "at_least_once", "durable"},
	}
	connection := nats
	connection.Type, connection.Options, connection.Capabilities = config.ComponentConnection, config.NewSet(config.String("name")), nil
	return append(build.Components(), nats, connection)
}

var blocks = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

func TestTheFilesInTheDocumentationAreAsTheySay(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	schema := compile(t, config.FileSchema(documented()...))
	found := blocks.FindAllStringSubmatch(string(content), -1)
	files, reports := 0, 0
	for i, block := range found {
		if block[1] != "yaml" {
			continue
		}
		files++
		want := ""
		if i+1 < len(found) && found[i+1][1] == "text" && strings.HasPrefix(found[i+1][2], "config.yml:") {
			want = found[i+1][2]
			reports++
		}
		report := check.Bytes(t.Context(), "config.yml", []byte(block[2]), nil, documented()...)
		require.Equal(t, want, report.String(), block[2])
		if want == "" {
			require.NoError(t, validate(t, schema, block[2]), block[2])
		}
	}
	require.GreaterOrEqual(t, files, 15)
	require.Equal(t, 2, reports)
}
