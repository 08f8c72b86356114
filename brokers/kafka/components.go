package kafka

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultKafkaFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	queue := config.Component{
		Kind:            kind,
		Help:            "A queue in a topic of Kafka: a share group, or a classic consumer group.",
		Options:         config.Queue().With(queueOptions()...),
		Protocols:       protocols(),
		Connection:      config.Connection(protocols()...),
		Credential:      credentialSettings(),
		NeedsConnection: true,
	}
	return build.DescribeKind(NewKafkaMessageQueue(""), queue, "Kafka", connectionSet())
}
