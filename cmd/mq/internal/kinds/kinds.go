// Package kinds lists the kinds of queues that mq is built with. A new broker is a line here.
package kinds

import (
	cbuild "github.com/pip-services3-gox/pip-services3-components-gox/build"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Kind is a module that makes queues.
type Kind struct {
	Name       string
	Factory    func() cbuild.IFactory    // makes its queues and connections from their descriptors
	Components func() []config.Component // describes them
	Limits     Limits                    // what its servers are known for
}

// Limits are of the broker and not of an option: no check of a file can see them.
type Limits struct {
	Message string // how large a payload may be
	Lock    string // how long a message may stay locked
}

// All lists the kinds.
func All() []Kind {
	return []Kind{
		{"memory", func() cbuild.IFactory { return build.NewDefaultMessagingFactory() }, build.Components, Limits{"what fits into memory", "none"}},
		{"nats", func() cbuild.IFactory { return nats.NewDefaultNatsFactory() }, nats.Components, Limits{"max_payload of the server, 1 MiB unless set", "none"}},
	}
}

// Components describes the components of all kinds.
func Components() []config.Component {
	var all []config.Component
	for _, kind := range All() {
		all = append(all, kind.Components()...)
	}
	return all
}

// LimitsOf are the limits of the brokers of a kind of queues.
func LimitsOf(queueKind string) Limits {
	for _, kind := range All() {
		for _, component := range kind.Components() {
			if component.Type == config.ComponentQueue && component.Kind == queueKind {
				return kind.Limits
			}
		}
	}
	return Limits{}
}
