package check_test

import (
	"context"
	"strings"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"go.uber.org/goleak"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config/check"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// known are memory and "rabbit", a kind with everything that memory lacks.
func known() []config.Component {
	connection := config.Connection(rabbitProtocols()...)
	return append(build.Components(),
		config.Component{
			Group: config.Group, Type: config.ComponentQueue, Kind: "rabbit", Version: "1.0",
			Help: "A queue on a server that is not there.",
			Options: config.Queue().With(
				config.String("options.routing_key").Help("Routes.").Since("1.1"),
				config.String("options.pin").Secret().Help("Secret.").Since("1.1"),
				config.Integer("options.pin_length").Secret().Default(4).Between(0, 9).Help("Secret number.").Since("1.1"),
			),
			Protocols: rabbitProtocols(), Connection: connection,
			Credential:      config.Credential().With(config.Choice("mechanism", "plain", "external").Default("plain").Help("How.").Since("1.1")),
			Capabilities:    []string{"send", "receive", "abandon", "at_least_once", "durable"},
			NeedsConnection: true,
		},
		config.Component{
			Group: config.Group, Type: config.ComponentConnection, Kind: "rabbit", Version: "1.0",
			Help:    "A connection to a server that is not there.",
			Options: config.NewSet(config.Integer("options.heartbeat").Default(60).Between(1, 600).Help("Beats.").Since("1.1")), Protocols: rabbitProtocols(), Connection: connection,
			Credential: config.Credential(), NeedsConnection: true,
		},
		config.Component{Group: config.Group, Type: config.ComponentQueue, Kind: "exotic", Version: "*", Help: "Not described."},
	)
}

func rabbitProtocols() []config.Protocol {
	return []config.Protocol{{Name: "amqp", Port: 5672}, {Name: "amqps", Port: 5671}}
}

// inYAML checks YAML that is indented as the test is.
func inYAML(text string, parameters ...any) check.Report {
	return check.Bytes(context.Background(), "c.yml", []byte(dedent(text)), cconf.NewConfigParamsFromTuples(parameters...), known()...)
}

// dedent takes the tabs of the first line off every line.
func dedent(text string) string {
	text = strings.TrimPrefix(text, "\n")
	indent := text[:len(text)-len(strings.TrimLeft(text, "\t"))]
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], indent)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\t")
}
