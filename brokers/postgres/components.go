package postgres

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Components describes what DefaultPostgresFactory makes, for checks of container files, schemas and references.
func Components() []config.Component {
	return build.DescribeKind(NewPostgresMessageQueue(""), config.Component{
		Kind:            kind,
		Help:            "A queue in a table of PostgreSQL.",
		Options:         config.Queue().With(queueOptions()...),
		Protocols:       protocols(),
		Connection:      connectionSettings(),
		Credential:      credentialSettings(),
		NeedsConnection: true,
	}, "PostgreSQL", client().Options)
}
