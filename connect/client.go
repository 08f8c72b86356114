package connect

import (
	"context"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Target is what to connect to, and how; everything is resolved.
type Target struct {
	Name        string                    // who connects, for error texts and the server's lists: "queue orders"
	Connections []*cconn.ConnectionParams // discovery included
	Credential  *cauth.CredentialParams   // credential stores included; nil: none
	Config      *cconf.ConfigParams       // the whole section of the component; never nil
	Options     config.Values             // parsed and checked
	Family      *Family                   // whom to share the client with; may be nil
}

// Client says how clients of one kind of broker are made. C is usually a pointer to a type of the
// adapter's own around what the broker's library calls a connection.
type Client[C any] struct {
	// Kind is that of the descriptors, such as "nats".
	Kind string

	// Protocols are those by which a server can be reached; the first is the default.
	Protocols []config.Protocol

	// Options are those of the connection component, [config.Connecting] among them.
	Options config.Set

	// Dial connects, logs in and checks that the server will do, within ctx, which ends at
	// options.connect_timeout. servers is what target.Servers returns. Its errors wrap ErrNoConnection, ErrBadConfig or
	// ErrNotSupported of package queues and name the setting to look at. Whoever calls it adds the servers where none is
	// named, that time has run out where it has, and takes out secrets.
	Dial func(ctx context.Context, target Target, servers Servers) (C, error)

	// Close disconnects. It is called once, when nobody uses the client any more.
	Close func(client C)
}

// dial makes a client within options.connect_timeout. Errors name the servers, and have no secrets.
func (c Client[C]) dial(ctx context.Context, target Target) (client C, err error) {
	servers, err := target.Servers(c.Protocols...)
	if err == nil {
		err = Within(ctx, target.Options.Duration(config.ConnectTimeout), func(ctx context.Context) error {
			client, err = c.Dial(ctx, target, servers)
			return servers.name(err)
		})
	}
	return client, NewRedactor(target.Connections, target.Credential).Error(err)
}
