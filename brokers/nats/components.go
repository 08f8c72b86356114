package nats

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultNatsFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	queue := config.Component{
		Kind:            kind,
		Help:            "A queue in a JetStream of NATS.",
		Options:         config.Queue().With(queueOptions()...),
		Protocols:       protocols(),
		Connection:      config.Connection(protocols()...),
		Credential:      credentialOptions(),
		NeedsConnection: true,
	}
	bare := queue
	bare.Type, bare.Kind = config.ComponentQueue, bareKind
	bare.Help = "A subject of core NATS, at most once."
	bare.Options = config.Cached().With(bareOptions()...)
	return append(
		build.DescribeKind(NewNatsMessageQueue(""), queue, "a JetStream of NATS", client(nil).Options),
		build.Describe(NewBareNatsMessageQueue(""), bare))
}
