//go:build brokers

package servertest

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// faultSubject is a queue with a session for each of the two listeners.
func faultSubject(server *servers.Server, options ...any) faults.Subject {
	return faults.Subject{
		Name: "mqtt (Mosquitto)",
		New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
			return newQueue(name, params)
		},
		Config: with(configOf(server, "options.sessions", 2), options...),
	}
}

// inGoodOrder stops a server where a test would kill it: it saves what it has.
type inGoodOrder struct{ *servers.Server }

func (s inGoodOrder) Kill() error { return s.Stop() }

func TestServerRestartedUnderLoad(t *testing.T) {
	server := servers.Mosquitto(t, servers.WithConfig("autosave_on_changes false", "autosave_interval 1800"))
	subject := faultSubject(server)
	subject.Server = inGoodOrder{server}
	faults.ServerRestarts(t, subject)
}

func TestConsumersKilledInMidWork(t *testing.T) {
	faults.ConsumerKills(t, faultSubject(servers.Mosquitto(t, servers.WithConfig("autosave_on_changes false"))))
}
