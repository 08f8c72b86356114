// Package messages is the messaging component of the Pip.Services toolkit: one queue contract, any
// broker, chosen in YAML. Start with package queues; package build makes queues from descriptors.
package messages

import (
	_ "github.com/pip-services3-gox/pip-services3-messaging-gox/build"
	_ "github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	_ "github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)
