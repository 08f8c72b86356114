package redis

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultRedisFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	return build.DescribeKind(NewRedisMessageQueue(""), config.Component{
		Kind:            kind,
		Help:            "A queue in a stream of Redis.",
		Options:         config.Queue().With(queueOptions()...),
		Protocols:       protocols(),
		Connection:      connectionSettings(),
		Credential:      credentialSettings(),
		NeedsConnection: true,
	}, "Redis", config.NewSet(connectionOptions()...))
}
