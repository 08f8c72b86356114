//go:build brokers

package servertest

import (
	"testing"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server) faults.Subject {
	return faults.Subject{
		New:    newQueue,
		Config: configOf(server, "options.reconnect_timeout", 50, "options.lock_timeout", 3000),
		Server: server,
	}
}

func TestNothingIsLostWhenTheServerIsKilled(t *testing.T) {
	faults.ServerRestarts(t, subjectOn(servers.NATS(t)))
}

func TestNothingIsLostWhenConsumersAreKilled(t *testing.T) {
	faults.ConsumerKills(t, subjectOn(servers.NATS(t)))
}
