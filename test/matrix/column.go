package main

import (
	"path/filepath"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/kafka"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/mqtt"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/nats"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/postgres"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/rabbitmq"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/brokers/redis"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// column is a kind of queue, or a mode of one that can do other things.
type column struct {
	Name   string // of the record: docs/brokers/<Name>.json
	Title  string
	Kind   string // in descriptors
	Folder string // of its module; empty: the core
	Test   string // that runs conformance against a real server
	Tested string // versions of servers
	Order  string // what order messages have
	Size   string // how large a message may be
	Lock   string // how long a message may stay locked

	// How says of each capability that is declared how it is done.
	How map[string]ability
}

// ability is how a kind does something.
type ability struct {
	native bool   // by the server itself; else this module does it, by other means of the server
	note   string // what that means or costs, if it is not what one expects
}

func native(note string) ability   { return ability{true, note} }
func emulated(note string) ability { return ability{false, note} }

// word is the cell of the table.
func (a ability) word() string {
	if a.native {
		return "native"
	}
	return "emulated"
}

func (c column) file(docs string) string { return filepath.Join(docs, "brokers", c.Name+".json") }

// component is the description of its queues, as the module gives it.
func (c column) component() (found config.Component) {
	for _, component := range components() {
		if component.Type == config.ComponentQueue && component.Kind == c.Kind {
			found = component
		}
	}
	return found
}

func components() []config.Component {
	var all []config.Component
	for _, of := range []func() []config.Component{
		build.Components, kafka.Components, mqtt.Components, nats.Components,
		postgres.Components, rabbitmq.Components, redis.Components,
	} {
		all = append(all, of()...)
	}
	return all
}
