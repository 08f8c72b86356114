package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// checkName warns of a component that leaves its own name open.
func (c *checker) checkName(e *entry) {
	if e.descriptor.Name() == "" && e.component.Type == config.ComponentQueue && !e.has(config.Name) && !e.has(config.QueueName) && !e.has("id") {
		c.addTo(e, e.valueOf("descriptor"), Warning, CodeNoName, "descriptor",
			"the queue has no name, and would be called *; write one in place of the * in its descriptor")
	}
}

// checkForeign finds out whether a component that nothing is known about was meant to be one of ours.
func (c *checker) checkForeign(e *entry) {
	report := func(severity Severity, code Code, format string, args ...any) {
		c.addTo(e, e.valueOf("descriptor"), severity, code, "descriptor", fmt.Sprintf(format, args...))
	}
	group, typ, kind, version := e.descriptor.Group(), e.descriptor.Type(), e.descriptor.Kind(), e.descriptor.Version()
	if group != config.Group {
		if _, near := config.Nearest(group, []string{config.Group}); near && isOurs(typ) {
			report(Warning, CodeUnknownType, "unknown group %s; did you mean %s?", showKey(group), config.Group)
		}
		return
	}
	if !isOurs(typ) {
		if near, ok := config.Nearest(typ, []string{config.ComponentQueue, config.ComponentFactory, config.ComponentConnection}); ok && !isToolkit(typ) {
			report(Warning, CodeUnknownType, "unknown type %s; did you mean %s?", showKey(typ), near)
		}
		return
	}
	kinds, versions := c.known(typ, kind)
	switch {
	case kind == "":
		report(Warning, CodeNoName, "the kind is left open, so that the container makes whatever its first factory has; write one of %s", strings.Join(kinds, ", "))
	case versions != nil:
		report(Error, CodeUnknownVersion, "unknown version %s of %s; write %s", showKey(version), kind, strings.Join(versions, " or "))
	case typ == config.ComponentConnection && !c.isKind(kind):
		// Other modules of Pip.Services have connections too, to databases for instance.
		if near, ok := config.Nearest(kind, kinds); ok {
			report(Error, CodeUnknownKind, "unknown kind %s of connection; did you mean %s?", showKey(kind), near)
		}
	default:
		c.unknownKind(report, typ, kind, kinds)
	}
}

func (c *checker) unknownKind(report func(Severity, Code, string, ...any), typ, kind string, kinds []string) {
	wayOut := "this program has none of that type"
	if near, ok := config.Nearest(kind, kinds); ok {
		wayOut = "did you mean " + near + "?"
	} else if len(kinds) > 0 {
		wayOut = "those that this program has are " + strings.Join(kinds, ", ")
	}
	report(Error, CodeUnknownKind, "unknown kind %s of %s; %s", showKey(kind), typ, wayOut)
}

// known lists the kinds of a type, and the versions of one kind of it.
func (c *checker) known(typ, kind string) (kinds, versions []string) {
	for _, component := range c.components {
		if component.Group != config.Group || component.Type != typ {
			continue
		}
		kinds = append(kinds, component.Kind)
		if component.Kind == kind {
			versions = append(versions, component.Version)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds), versions
}

// isKind tells whether there are components of a kind at all.
func (c *checker) isKind(kind string) bool {
	return slices.ContainsFunc(c.components, func(component config.Component) bool { return component.Kind == kind })
}

// isToolkit tells whether Pip.Services itself has components of a type that looks much like one of ours.
func isToolkit(typ string) bool {
	return slices.Contains([]string{"connections", "connector", "collection"}, typ)
}
