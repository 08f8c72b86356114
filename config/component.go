package config

import (
	"slices"
	"strings"
)

// Types of the components that this module and its adapters add to a container, as in their descriptors.
const (
	ComponentQueue      = "message-queue"
	ComponentFactory    = "queue-factory"
	ComponentConnection = "connection"
)

// Group is the group in their descriptors.
const Group = "pip-services"

// Component describes one kind of component that a container file may name: what its descriptor looks
// like, what settings it reads, and what the thing can do. Each adapter hands out the descriptions of its
// components, as [github.com/pip-services3-gox/pip-services3-messaging-gox/build.Components] does for
// memory; checks, schemas and references for a whole file are made of those that the program uses.
type Component struct {
	// Group, Type, Kind and Version are the fields of the descriptor, such as "pip-services",
	// "message-queue", "memory" and "1.0".
	Group, Type, Kind, Version string

	// Help says in a sentence what it is.
	Help string

	// Options describes the settings of the component itself. The zero Set stands for a component that
	// exists and is not described: nothing in its section is checked.
	Options Set

	// Protocols are how its server can be reached, the default one first.
	Protocols []Protocol

	// Connection describes what is below "connection" and each of "connections"; Credential what is below
	// "credential" and each of "credentials". Keys are relative, such as "host". Zero sets: it has no use
	// for such a section, and nothing in it is checked.
	Connection, Credential Set

	// Capabilities are the names that options.require may ask for.
	Capabilities []string

	// NeedsConnection says that it cannot open without a connection section or, for a queue, a connection
	// component under dependencies.connection.
	NeedsConnection bool
}

// Descriptor returns the descriptor of a component of this kind with that name.
func (c Component) Descriptor(name string) string {
	return strings.Join([]string{c.Group, c.Type, c.Kind, name, c.Version}, ":")
}

// String returns the descriptor with * for the name.
func (c Component) String() string { return c.Descriptor("*") }

// IsDescribed says whether its settings are known, so that they can be checked.
func (c Component) IsDescribed() bool { return len(c.Options.options) > 0 }

// Can tells whether it has a capability.
func (c Component) Can(capability string) bool { return slices.Contains(c.Capabilities, capability) }

// Settings returns all settings as one set, those of the sections with their full keys.
func (c Component) Settings() Set {
	all := c.Options
	all = all.With(c.Connection.Under(SectionConnection).options...)
	return all.With(c.Credential.Under(SectionCredential).options...)
}

// Lint finds mistakes in the description itself, one line for each, nil if there are none. Call it in a
// test of every component.
func (c Component) Lint() []string {
	var lines []string
	add := func(wrong bool, text string) {
		if wrong {
			lines = append(lines, c.String()+": "+text)
		}
	}
	for _, field := range []string{c.Group, c.Type, c.Kind, c.Version} {
		add(strings.Trim(field, " *") == "" || strings.Contains(field, ":"), "the descriptor needs a group, a type, a kind and a version")
	}
	add(c.Help == "", "has no help text")
	for _, name := range c.Capabilities {
		add(!slices.Contains(capabilities(), name), "unknown capability "+name)
	}
	add(c.NeedsConnection && len(c.Connection.options) == 0, "needs a connection and does not describe one")
	for _, set := range []Set{c.Options, c.Connection.Under(SectionConnection), c.Credential.Under(SectionCredential)} {
		for _, line := range set.Lint() {
			add(true, line)
		}
	}
	return lines
}
