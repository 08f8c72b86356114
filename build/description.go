package build

import (
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Components describes what DefaultMessagingFactory makes, for checks of container files, schemas and
// references. Each broker module has the like for its kind.
func Components() []config.Component {
	return DescribeKind(queues.NewMemoryMessageQueue(""), config.Component{
		Kind:    memoryKind,
		Help:    "A queue in the memory of the process: for development, tests and hand-over inside a service.",
		Options: config.Queue(),
	}, "the memory of the process", config.Set{})
}

// Describe completes the description of a component that makes queues like this one: the group and
// version of its descriptor, unless they are set, and the capabilities, so that they cannot lie.
func Describe(queue queues.IMessageQueue, component config.Component) config.Component {
	if component.Group == "" {
		component.Group = config.Group
	}
	if component.Version == "" {
		component.Version = "1.0"
	}
	component.Capabilities = nil
	capabilities := queue.Capabilities()
	for _, name := range queues.AllCapabilities() {
		if capabilities.Has(name) {
			component.Capabilities = append(component.Capabilities, string(name))
		}
	}
	return component
}
