package config

import (
	"math"
	"slices"
	"time"
)

// Keys below a connection section: connection, or one of connections.
const (
	DiscoveryKey  = "discovery_key"
	ProtocolName  = "protocol"
	Host          = "host"
	Ip            = "ip"
	Port          = "port"
	Uri           = "uri"
	TLSCa         = "tls.ca"
	TLSCert       = "tls.cert"
	TLSKey        = "tls.key"
	TLSServerName = "tls.server_name"
	TLSInsecure   = "tls.insecure"
)

// Keys below a credential section: credential, or one of credentials.
const (
	StoreKey  = "store_key"
	Username  = "username"
	User      = "user"
	Password  = "password"
	Pass      = "pass"
	AccessId  = "access_id"
	ClientId  = "client_id"
	AccessKey = "access_key"
	ClientKey = "client_key"
	SecretKey = "secret_key"
)

// ConnectTimeout is the key of the option in [Connecting].
const ConnectTimeout = "options.connect_timeout"

// Connecting returns the options of whatever opens a connection: queues on a broker and the connection
// components that they share. Adapters add their own.
func Connecting() []Option {
	return []Option{
		Duration(ConnectTimeout).Default(10*time.Second).Between(time.Millisecond, longest).Since("1.0").
			Help("How long opening may take, connecting and making what the queue needs on the server included. Shorter than the server takes to " +
				"start, and a service that starts with it fails; long, a wrong host is noticed late."),
	}
}

// Sections of a component that are described by sets of their own, with keys that are relative to them.
const (
	SectionConnection   = "connection"
	SectionConnections  = "connections"
	SectionCredential   = "credential"
	SectionCredentials  = "credentials"
	SectionDependencies = "dependencies"
)

// Protocol is one that a broker's server can be reached by, with its usual port.
type Protocol struct {
	Name string
	Port int

	// TLS says that connections by this protocol are encrypted.
	TLS bool

	// Parameters says that the client or the server reads those after the ? of a URI. Of other protocols
	// nobody reads them.
	Parameters bool
}

// Connection returns the settings of a connection section, with keys as "host" and "tls.ca". The first
// protocol is the default one. Without protocols, any is accepted.
func Connection(protocols ...Protocol) Set {
	names := make([]string, len(protocols))
	for i, protocol := range protocols {
		names[i] = protocol.Name
	}
	protocol := String(ProtocolName)
	port := Integer(Port).Default(0).ZeroMeans("the protocol's own")
	if len(protocols) > 0 {
		protocol = Choice(ProtocolName, names...).Noun("protocol").Default(names[0])
		port = port.Default(protocols[0].Port)
		if slices.ContainsFunc(protocols, func(p Protocol) bool { return p.Port != protocols[0].Port }) {
			port = port.DefaultText("the protocol's own")
		}
	}
	return NewSet(
		protocol.Since("1.0").Help("How to talk to the server."),
		String(Host).Since("1.0").
			Help("Name or address of the server. Several, with commas in between, are one cluster."),
		String(Ip).Since("1.0").Help("Address of the server, where `host` is not given."),
		port.Between(0, math.MaxUint16).Since("1.0").Help("Port of the server."),
		String(Uri).Since("1.0").
			Help("All of it in one, as in `amqp://host:5672`; it wins over `protocol`, `host` and `port`. A password in it ends up "+
				"wherever the file goes; better keep that in a credential store."),
		String(DiscoveryKey).Since("1.0").
			Help("Key under which a discovery component of the container knows the connection. It is asked when the queue opens."),
	).With(TLS()...)
}

// TLS returns the settings of an encrypted connection, as part of a connection section.
func TLS() []Option {
	return []Option{
		String(TLSCa).Since("1.1").
			Help("Path of a PEM file with the certificates of the authorities that may vouch for the server. Without it, those of the system."),
		String(TLSCert).Since("1.1").
			Help("Path of a PEM file with the client's certificate and those that lead up to its authority. It needs `tls.key`."),
		String(TLSKey).Since("1.1").Help("Path of a PEM file with the private key of `tls.cert`: the path, not the key."),
		String(TLSServerName).Since("1.1").DefaultText("the host").
			Help("Name that the server's certificate must be for, if that is not the host's."),
		Boolean(TLSInsecure).Default(false).Since("1.1").
			Help("Whether to accept any certificate. Anyone on the way can then read and change messages, and get the credentials."),
	}
}

// Credential returns the settings of a credential section that all of Pip.Services knows, with keys as
// "username". An adapter takes away what its broker cannot use, and adds its own.
func Credential() Set {
	return NewSet(
		String(StoreKey).Since("1.0").
			Help("Key under which a credential store of the container knows the credential. It is asked when the queue opens."),
		String(Username).Since("1.0").Help("Name of the user."),
		String(User).Since("1.0").Help("The same as `username`."),
		String(Password).Secret().Since("1.0").Help("Password of the user."),
		String(Pass).Secret().Since("1.0").Help("The same as `password`."),
		String(AccessId).Since("1.0").Help("Id of an application, where that stands in for a user."),
		String(ClientId).Since("1.0").Help("The same as `access_id`."),
		String(AccessKey).Secret().Since("1.0").Help("Key of the application."),
		String(ClientKey).Secret().Since("1.0").Help("The same as `access_key`."),
		String(SecretKey).Secret().Since("1.0").Help("The same as `access_key`."),
	)
}
