//go:build brokers

package servertest

import (
	"testing"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server) faults.Subject {
	return faults.Subject{Name: "rabbitmq", New: newQueue, Config: configOf(server), Server: server}
}

func TestServerKilledUnderLoad(t *testing.T) {
	faults.ServerRestarts(t, subjectOn(servers.RabbitMQ(t)))
}

func TestConsumersKilledInMidWork(t *testing.T) {
	faults.ConsumerKills(t, subjectOn(servers.RabbitMQ(t)))
}
