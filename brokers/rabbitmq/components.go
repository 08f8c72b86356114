package rabbitmq

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultRabbitMQFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	queue := config.Component{
		Kind:       kind,
		Help:       "A queue in RabbitMQ.",
		Options:    config.Queue().With(queueOptions()...),
		Protocols:  protocols(),
		Connection: connectionSettings(),
		Credential: credentialSettings(),

		NeedsConnection: true,
	}
	return build.DescribeKind(NewRabbitMQMessageQueue(""), queue, "RabbitMQ", config.NewSet(connectionOptions()...))
}
