package source

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// IsURL tells a queue that is given inline, as in nats://localhost:4222/orders or memory:orders, from the
// name of one in the container file, or its descriptor, which has four colons.
func IsURL(locator string) bool {
	return strings.Contains(locator, "://") || strings.Contains(locator, ":") && strings.Count(locator, ":") != 4
}

// parseURL turns a URL into the queue's component, name and configuration: scheme://host/queue?option=value.
// The last segment of the path is the queue; what is before it belongs to the server, as the virtual host
// of RabbitMQ does. Parameters that are settings of the kind, with or without their section in front, are
// taken out of the URL. The rest is for the server, where the protocol has such; elsewhere it is a mistake.
func parseURL(locator string, components []config.Component) (config.Component, string, *cconf.ConfigParams, error) {
	fail := func(format string, args ...any) (config.Component, string, *cconf.ConfigParams, error) {
		text := connect.RedactURI(locator) + ": " + fmt.Sprintf(format, args...)
		return config.Component{}, "", nil, &problem{text, ErrName}
	}
	scheme, rest, _ := strings.Cut(locator, ":")
	component, protocol, err := kindOf(scheme, components)
	if err != nil {
		return fail("%v", err)
	}
	if !component.NeedsConnection {
		name, query, _ := strings.Cut(strings.TrimLeft(rest, "/"), "?")
		if name, err = url.PathUnescape(name); err != nil || name == "" {
			return fail("write the queue's name after the colon, as in %s:orders", scheme)
		}
		params, _, err := takeSettings(query, component, config.Protocol{})
		if err != nil {
			return fail("%v", err)
		}
		return component, name, params, nil
	}
	rest, query, _ := strings.Cut(rest, "?")
	rest, slashes := strings.CutPrefix(rest, "//")
	authority, path, _ := strings.Cut(rest, "/")
	if !slashes || authority == "" {
		return fail("name the server; write %s://host:port/queue", scheme)
	}
	path = strings.TrimRight(path, "/")
	server, last := "", path
	if slash := strings.LastIndex(path, "/"); slash >= 0 {
		server, last = "/"+path[:slash], path[slash+1:]
	}
	name, err := url.PathUnescape(last)
	if err != nil || name == "" {
		return fail("write the queue's name after the server, as in %s://%s/orders", scheme, authority[strings.LastIndex(authority, "@")+1:])
	}
	params, left, err := takeSettings(query, component, protocol)
	if err != nil {
		return fail("%v", err)
	}
	uri := protocol.Name + "://" + authority + server
	if left != "" {
		uri += "?" + left
	}
	params.Put(config.SectionConnection+"."+config.Uri, uri)
	return component, name, params, nil
}

// kindOf finds the component that a scheme stands for: a kind (nats), a kind with one of its protocols
// (nats+tls), or a protocol that only one kind has.
func kindOf(scheme string, components []config.Component) (component config.Component, protocol config.Protocol, err error) {
	kind, name, both := strings.Cut(scheme, "+")
	if !both {
		name = scheme
	}
	var byProtocol []config.Component
	for _, candidate := range components {
		if candidate.Type != config.ComponentQueue {
			continue
		}
		at := slices.IndexFunc(candidate.Protocols, func(p config.Protocol) bool { return p.Name == name })
		switch {
		case candidate.Kind == kind && both && at < 0:
			return candidate, protocol, fmt.Errorf("%s queues have no protocol %s; they have %s", kind, name, protocols(candidate))
		case candidate.Kind == kind && at >= 0:
			return candidate, candidate.Protocols[at], nil
		case candidate.Kind == kind && len(candidate.Protocols) > 0:
			return candidate, candidate.Protocols[0], nil
		case candidate.Kind == kind:
			return candidate, config.Protocol{Name: scheme}, nil
		case at >= 0 && !both:
			byProtocol, protocol = append(byProtocol, candidate), candidate.Protocols[at]
		}
	}
	switch len(byProtocol) {
	case 0:
		return config.Component{}, config.Protocol{}, fmt.Errorf("no queue is of kind %s; this mq has %s", kind, strings.Join(kindNames(components), ", "))
	case 1:
		return byProtocol[0], protocol, nil
	}
	var ways []string
	for _, candidate := range byProtocol {
		ways = append(ways, candidate.Kind+"+"+scheme)
	}
	return config.Component{}, config.Protocol{}, fmt.Errorf("%s may mean several kinds of queues; write %s", scheme, strings.Join(ways, " or "))
}

func protocols(component config.Component) string {
	var names []string
	for _, protocol := range component.Protocols {
		names = append(names, protocol.Name)
	}
	return strings.Join(names, ", ")
}

// kindNames lists the kinds of queues.
func kindNames(components []config.Component) []string {
	var names []string
	for _, component := range components {
		if component.Type == config.ComponentQueue {
			names = append(names, component.Kind)
		}
	}
	return names
}

// takeSettings moves the parameters that are settings of the component into params, and returns the rest
// as it was written.
func takeSettings(query string, component config.Component, protocol config.Protocol) (params *cconf.ConfigParams, left string, err error) {
	params = cconf.NewEmptyConfigParams()
	var rest []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, "", errors.New("its parameters cannot be read; write ?name=value&name=value")
		}
		if key, ok := component.Parameter(name); ok {
			params.Put(key, value)
			continue
		}
		if text, near := component.Stranger(name); near || !protocol.Parameters {
			return nil, "", errors.New(text)
		}
		rest = append(rest, pair)
	}
	return params, strings.Join(rest, "&"), nil
}

func has(options config.Set, key string) bool {
	_, ok := options.Lookup(key)
	return ok
}
