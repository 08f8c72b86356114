package connect

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/internal/redact"
)

// Address is a server that a connection leads to.
type Address struct {
	Protocol string
	Host     string // without brackets, also of an IPv6 address
	Port     int

	// From a URI only, decoded; empty otherwise. A credential of the queue wins over these.
	Username, Password string
	Path               string // without the slash in front
	Query              url.Values
}

// HostPort returns "host:port", as net.Dial takes it.
func (a Address) HostPort() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// URL returns the address as a URL, with the password: it is for clients, not for people.
func (a Address) URL() *url.URL {
	address := &url.URL{Scheme: a.Protocol, Host: a.HostPort(), RawQuery: a.Query.Encode()}
	if a.Path != "" {
		address.Path = "/" + a.Path
	}
	switch {
	case a.Password != "":
		address.User = url.UserPassword(a.Username, a.Password)
	case a.Username != "":
		address.User = url.User(a.Username)
	}
	return address
}

// String returns the address as a URL without secrets.
func (a Address) String() string { return redact.URIs(a.URL().String()) }

// GoString hides the password from %#v.
func (a Address) GoString() string { return "connect.Address(" + a.String() + ")" }

// Addresses lists the servers that resolved connections lead to, in their order; one connection may name
// several, as in "nats://a:4222,b:4222" or with commas in host. uri wins over protocol, host (or ip) and
// port. The first protocol is what holds where none is written, and each brings its port; without
// protocols, any is accepted. Port 0 is the protocol's own. The error lists everything that is wrong: the key, the value without
// secrets and what to write instead. No connections are no addresses.
func Addresses(connections []*cconn.ConnectionParams, protocols ...config.Protocol) ([]Address, error) {
	var addresses []Address
	var faults []error
	for i, connection := range connections {
		if connection == nil || connection.ConfigParams == nil {
			continue
		}
		found, err := addressesOf(connection, protocols)
		if err != nil && len(connections) > 1 {
			err = fmt.Errorf("connection %d of %d: %w", i+1, len(connections), err)
		}
		addresses = append(addresses, found...)
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return addresses, nil
}

func addressesOf(connection *cconn.ConnectionParams, protocols []config.Protocol) ([]Address, error) {
	if uri := strings.TrimSpace(connection.Uri()); uri != "" {
		return addressesIn(uri, protocols)
	}
	protocol, err := pickProtocol(under(config.ProtocolName), strings.TrimSpace(connection.Protocol()), protocols)
	if err != nil {
		return nil, err
	}
	host := strings.TrimSpace(connection.Host())
	if host == "" {
		return nil, fmt.Errorf("%s is not set; set it, %s or %s", under(config.Host), under(config.Uri), under(config.DiscoveryKey))
	}
	port := protocol.Port
	if written := strings.TrimSpace(connection.GetAsString(config.Port)); written != "" && written != "0" {
		if port, err = parsePort(written); err != nil {
			return nil, fmt.Errorf("%s: %w", under(config.Port), err)
		}
	}
	var addresses []Address
	for each := range strings.SplitSeq(host, ",") {
		address := Address{Protocol: protocol.Name, Port: port}
		if err := address.setHost(strings.TrimSpace(each)); err != nil {
			return nil, fmt.Errorf("%s: %w", under(config.Host), err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// addressesIn takes a URI apart, or several with commas in between.
func addressesIn(uris string, protocols []config.Protocol) ([]Address, error) {
	var addresses []Address
	for _, uri := range splitURIs(uris) {
		found, err := addressesInOne(uri, protocols)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", under(config.Uri), redact.URIs(uri), err)
		}
		addresses = append(addresses, found...)
	}
	return addresses, nil
}

// splitURIs cuts at the commas that a scheme follows; the others are between the hosts of one URI.
func splitURIs(uris string) []string {
	parts := strings.Split(uris, ",")
	var whole []string
	for _, part := range parts {
		if len(whole) > 0 && !strings.Contains(part, "://") {
			whole[len(whole)-1] += "," + part
		} else {
			whole = append(whole, part)
		}
	}
	for i := range whole {
		whole[i] = strings.TrimSpace(whole[i])
	}
	return slices.DeleteFunc(whole, func(uri string) bool { return uri == "" })
}

func addressesInOne(uri string, protocols []config.Protocol) ([]Address, error) {
	scheme, rest, written := strings.Cut(uri, "://")
	if !written {
		scheme, rest = "", uri
	}
	protocol, err := pickProtocol("protocol", strings.ToLower(scheme), protocols)
	if err != nil {
		return nil, err
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.Contains(tail, "@") && !strings.Contains(authority, "@") && strings.Contains(authority, ":") {
		if _, err := parsePort(authority[strings.LastIndex(authority, ":")+1:]); err != nil {
			return nil, errors.New("it can't be taken apart; write / ? # and @ in a password as %2F %3F %23 and %40")
		}
	}
	template := Address{Protocol: protocol.Name, Port: protocol.Port}
	if err := template.setTail(tail); err != nil {
		return nil, err
	}
	user, hosts := splitUser(authority)
	if err := template.setUser(user); err != nil {
		return nil, err
	}
	var addresses []Address
	for _, host := range hosts {
		address := template
		if err := address.setHost(strings.TrimSpace(host)); err != nil {
			return nil, err
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// splitUser takes "user@host,host" apart, or "user@host,user@host" of which the first user counts.
func splitUser(authority string) (user string, hosts []string) {
	parts := strings.Split(authority, ",")
	if slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(part, "@") }) {
		at := strings.LastIndex(authority, "@")
		return authority[:max(0, at)], strings.Split(authority[at+1:], ",")
	}
	for i, part := range parts {
		at := strings.LastIndex(part, "@")
		if i == 0 {
			user = part[:at]
		}
		parts[i] = part[at+1:]
	}
	return user, parts
}

func pickProtocol(key, name string, protocols []config.Protocol) (config.Protocol, error) {
	if len(protocols) == 0 {
		return config.Protocol{Name: name}, nil
	}
	if name == "" {
		return protocols[0], nil
	}
	var names []string
	for _, protocol := range protocols {
		if protocol.Name == name {
			return protocol, nil
		}
		names = append(names, protocol.Name)
	}
	wayOut := "choose from " + strings.Join(names, ", ")
	if near, ok := config.Nearest(name, names); ok {
		wayOut = "did you mean " + near + "?"
	}
	return config.Protocol{}, fmt.Errorf("%s: unknown protocol %q; %s", key, name, wayOut)
}

// setHost takes "host", "host:port", "[::1]:port" or a bare IPv6 address.
func (a *Address) setHost(text string) error {
	host, port := text, ""
	switch {
	case strings.HasPrefix(text, "["):
		closing := strings.Index(text, "]")
		if closing < 0 {
			return fmt.Errorf("%q lacks the closing bracket of an IPv6 address", text)
		}
		host, port = text[1:closing], text[closing+1:]
		if port != "" && !strings.HasPrefix(port, ":") {
			return fmt.Errorf("%q: write a colon between the address and the port", text)
		}
		port = strings.TrimPrefix(port, ":")
	case strings.Count(text, ":") == 1:
		host, port, _ = strings.Cut(text, ":")
	}
	if strings.TrimSpace(host) == "" {
		return errors.New("it names no host")
	}
	if strings.ContainsAny(host, " /@") || strings.Contains(host, "://") {
		return fmt.Errorf("%q is not the name or address of a host; a whole URI goes to %s", redact.URIs(host), under(config.Uri))
	}
	a.Host = host
	if port == "" {
		return nil
	}
	number, err := parsePort(port)
	a.Port = number
	return err
}

func (a *Address) setUser(userInfo string) error {
	user, password, _ := strings.Cut(userInfo, ":")
	var err, err2 error
	a.Username, err = url.PathUnescape(user)
	a.Password, err2 = url.PathUnescape(password)
	if err != nil || err2 != nil {
		return errors.New("the user or password is not escaped as it must be in a URI; write % as %25")
	}
	return nil
}

// setTail takes "/path?query#fragment".
func (a *Address) setTail(tail string) error {
	tail, _, _ = strings.Cut(tail, "#")
	path, query, _ := strings.Cut(tail, "?")
	var err error
	if a.Path, err = url.PathUnescape(strings.TrimPrefix(path, "/")); err != nil {
		return errors.New("the path is not escaped as it must be in a URI; write % as %25")
	}
	if query == "" {
		return nil
	}
	if a.Query, err = url.ParseQuery(query); err != nil {
		return errors.New("the parameters after ? are not escaped as they must be in a URI; write % as %25 and ; as %3B")
	}
	return nil
}

func parsePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("%s is not a port; write a number from 1 to 65535", strconv.Quote(text))
	}
	return port, nil
}
