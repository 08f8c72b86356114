package connect

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/sentinel"
)

// Servers is where a client connects to, as whom, and how it is kept secret: what the settings of a [Target] come to.
type Servers struct {
	Addresses []Address // at least one; several are one cluster

	// Username and Password are those of the credential. What it leaves out is that of the first URI with a user or a
	// password in it, but a password never comes without the username that it belongs to. Empty: log in as nobody.
	Username, Password string

	// Path is that of the first URI that has one: the database or the virtual host, where a broker has such.
	Path string

	// TLS is nil for connections in the clear. It is what connection.tls says or, without such settings, the
	// client's defaults if an address has a protocol with TLS. ServerName is empty unless it is set.
	TLS *tls.Config
}

// Servers reads and checks the settings, for a broker that is reached by these protocols. Errors, of package
// queues: ErrNoConnection if no server is named, ErrBadConfig for settings that are wrong, all of them listed.
func (t Target) Servers(protocols ...config.Protocol) (Servers, error) {
	var servers Servers
	var addressErr, tlsErr error
	servers.Addresses, addressErr = Addresses(t.Connections, protocols...)
	for _, connection := range t.Connections {
		if servers.TLS, tlsErr = TLSConfig(connection); servers.TLS != nil || tlsErr != nil {
			break
		}
	}
	if err := errors.Join(addressErr, tlsErr); err != nil {
		return Servers{}, fmt.Errorf("%w: %w", sentinel.ErrBadConfig, err)
	}
	if len(servers.Addresses) == 0 {
		return Servers{}, fmt.Errorf("%w: %s", sentinel.ErrNoConnection, MissingConnection)
	}
	if servers.TLS == nil && slices.ContainsFunc(servers.Addresses, func(a Address) bool { return isEncrypted(a.Protocol, protocols) }) {
		servers.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	servers.Username, servers.Password = t.login(servers.Addresses)
	for _, address := range servers.Addresses {
		servers.Path = cmp.Or(servers.Path, address.Path)
	}
	return servers, nil
}

// Setting returns what the first connection with a setting of that name, below its section, says; empty if none has it.
func (t Target) Setting(name string) string {
	for _, connection := range t.Connections {
		if connection != nil && connection.ConfigParams != nil {
			if value := connection.GetAsString(name); value != "" {
				return value
			}
		}
	}
	return ""
}

// login returns the user to log in as.
func (t Target) login(addresses []Address) (username, password string) {
	if t.Credential != nil && t.Credential.ConfigParams != nil {
		username, password = t.Credential.Username(), t.Credential.Password()
	}
	if username != "" {
		return username, password
	}
	for _, address := range addresses {
		if address.Username == "" && address.Password == "" {
			continue
		}
		if password == "" {
			password = address.Password
		}
		return address.Username, password
	}
	return "", password
}

func isEncrypted(protocol string, protocols []config.Protocol) bool {
	return slices.ContainsFunc(protocols, func(p config.Protocol) bool { return p.Name == protocol && p.TLS })
}

// TLSFor returns what a connection to a host is encrypted with, for clients that do not fill in the ServerName themselves;
// nil for one in the clear.
func (s Servers) TLSFor(host string) *tls.Config {
	if s.TLS == nil {
		return nil
	}
	own := s.TLS.Clone()
	own.ServerName = cmp.Or(own.ServerName, host)
	return own
}

// HostPorts lists the servers as "host:port".
func (s Servers) HostPorts() []string {
	list := make([]string, len(s.Addresses))
	for i, address := range s.Addresses {
		list[i] = address.HostPort()
	}
	return list
}

// String lists the servers as "host:port, host:port".
func (s Servers) String() string { return strings.Join(s.HostPorts(), ", ") }

// GoString hides the password from %#v.
func (s Servers) GoString() string { return "connect.Servers(" + s.String() + ")" }

// name adds the servers to the error of a dialer that names none of them: what runs into a time limit of a
// client library's often does not say where.
func (s Servers) name(err error) error {
	if err == nil || slices.ContainsFunc(s.Addresses, func(a Address) bool { return strings.Contains(err.Error(), a.HostPort()) }) {
		return err
	}
	return fmt.Errorf("connecting to %s: %w", s, err)
}
