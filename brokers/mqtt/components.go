package mqtt

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultMqttFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	queue := config.Component{
		Kind:            kind,
		Help:            "A queue of persistent sessions on an MQTT 5 server.",
		Options:         config.Cached().With(queueOptions()...),
		Protocols:       protocols(),
		Connection:      connectionSettings(),
		Credential:      credentialSettings(),
		NeedsConnection: true,
	}
	return build.DescribeKind(NewMqttMessageQueue(""), queue, "an MQTT server", config.NewSet(connectionOptions()...))
}
