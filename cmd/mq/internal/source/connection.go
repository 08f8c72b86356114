package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	crun "github.com/pip-services3-gox/pip-services3-commons-gox/run"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/kinds"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// dependency is where a queue names the connection that it shares.
const dependency = config.SectionDependencies + "." + config.SectionConnection

// Server is a connection that manages the queues of a server.
type Server struct {
	connect.IMessageQueueConnection
	Name string // for people: a descriptor, or the kind
	made *entry
}

// Server returns an open connection to the server of a queue: the one that the queue shares, or one with
// its settings. Errors: ErrNotSupported if the kind has no such component.
func (q *Queue) Server(ctx context.Context) (*Server, error) {
	found := q.catalog.shared(q.Params)
	if found == nil {
		component, ok := connectionOf(q.Kind)
		if !ok {
			return nil, fmt.Errorf("%s: %w: queues of kind %s have no server to manage them on", q.Locator, queues.ErrNotSupported, q.Kind)
		}
		made, err := q.catalog.add(ctx, component, "mq", settingsOf(component, q.Params))
		if err != nil {
			return nil, err
		}
		found = made
	}
	return q.catalog.openServer(ctx, found)
}

// Names lists the queues on the server. listed is false, without an error, where the server has no way to list
// them, as RabbitMQ without its management plugin.
func (s *Server) Names() (names []string, listed bool, err error) {
	names, err = s.ReadQueueNames()
	if errors.Is(err, queues.ErrNotSupported) {
		return nil, false, nil
	}
	slices.Sort(names)
	return names, err == nil, err
}

// Servers opens a connection for each server of the file: the connection components, and those of queues
// with settings of their own.
func (c *Catalog) Servers(ctx context.Context) ([]*Server, error) {
	var servers []*Server
	var all []*entry
	for _, candidate := range slices.Clone(c.entries) {
		_, manages := candidate.component.(connect.IMessageQueueConnection)
		switch {
		case manages:
			all = append(all, candidate)
		case candidate.descriptor.Type() == config.ComponentQueue && c.shared(candidate.params) == nil:
			component, ok := connectionOf(candidate.descriptor.Kind())
			if !ok {
				continue
			}
			made, err := c.add(ctx, component, "mq", settingsOf(component, candidate.params))
			if err != nil {
				return nil, err
			}
			all = append(all, made)
		}
	}
	seen := map[string]bool{}
	for _, candidate := range all {
		if address := fingerprint(candidate); !seen[address] {
			seen[address] = true
			server, err := c.openServer(ctx, candidate)
			if err != nil {
				return nil, err
			}
			servers = append(servers, server)
		}
	}
	return servers, nil
}

func (c *Catalog) openServer(ctx context.Context, found *entry) (*Server, error) {
	manager, ok := found.component.(connect.IMessageQueueConnection)
	if !ok {
		return nil, fmt.Errorf("%s: %w: it does not manage queues", found.descriptor, queues.ErrNotSupported)
	}
	if openable, ok := found.component.(crun.IOpenable); ok && !openable.IsOpen() {
		if err := openable.Open(ctx, correlationId); err != nil {
			return nil, err
		}
		c.opened = append(c.opened, openable)
	}
	return &Server{manager, found.descriptor.Kind(), found}, nil
}

// shared finds the connection component that a queue names; nil if it names none.
func (c *Catalog) shared(params *cconf.ConfigParams) *entry {
	locator, err := cref.ParseDescriptorFromString(params.GetAsString(dependency))
	if err != nil || locator == nil {
		return nil
	}
	for _, candidate := range c.entries {
		if candidate.descriptor.Type() == config.ComponentConnection && candidate.descriptor.Match(locator) {
			return candidate
		}
	}
	return nil
}

// connectionOf finds the connection component of the module that has a kind of queues.
func connectionOf(queueKind string) (config.Component, bool) {
	for _, kind := range kinds.All() {
		components := kind.Components()
		if !slices.ContainsFunc(components, func(c config.Component) bool { return c.Type == config.ComponentQueue && c.Kind == queueKind }) {
			continue
		}
		for _, component := range components {
			if component.Type == config.ComponentConnection {
				return component, true
			}
		}
	}
	return config.Component{}, false
}

// settingsOf takes from a queue's configuration what its connection understands.
func settingsOf(component config.Component, params *cconf.ConfigParams) *cconf.ConfigParams {
	settings := cconf.NewEmptyConfigParams()
	for key, value := range params.Value() {
		section, _, _ := strings.Cut(key, ".")
		switch section {
		case config.SectionConnection, config.SectionConnections, config.SectionCredential, config.SectionCredentials:
			settings.Put(key, value)
		default:
			if has(component.Options, key) {
				settings.Put(key, value)
			}
		}
	}
	return settings
}

// fingerprint is the same for connections that lead to one server.
func fingerprint(e *entry) string {
	var parts []string
	for key, value := range e.params.Value() {
		if strings.HasPrefix(key, config.SectionConnection) || strings.HasPrefix(key, config.SectionCredential) {
			parts = append(parts, key+"="+value)
		}
	}
	slices.Sort(parts)
	return e.descriptor.Kind() + " " + strings.Join(parts, " ")
}

// Serves tells whether a queue is on the server.
func (s *Server) Serves(q *Queue) bool {
	if shared := q.catalog.shared(q.Params); shared != nil {
		return shared == s.made
	}
	component, ok := connectionOf(q.Kind)
	return ok && fingerprint(&entry{descriptor: s.made.descriptor, params: settingsOf(component, q.Params)}) == fingerprint(s.made)
}
