//go:build brokers

package servertest

import (
	"testing"
	"time"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server, mode string) faults.Subject {
	return faults.Subject{
		Name: "kafka " + mode,
		New:  newQueue,
		// A partition for each consumer of a group, and a few to spare.
		Config:    configOf(server, "options.mode", mode, "options.num_partitions", map[string]int{"share": 1, "group": 6}[mode]),
		Server:    server,
		Confirmed: true,
	}
}

// quickRestart has a broker that was killed join its cluster again soon: the controller takes it back when the
// session that it had has run out.
func quickRestart() servers.Option {
	return servers.WithConfig("broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=200")
}

// The tests of faults go on at the same time: they wait half of the time, for servers that start, for consumers at work
// and for the clock, and hold nothing to a time. The conformance suite does, and has the machine for itself before.

func TestAServerKilledUnderLoad(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"share", "group"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			faults.ServerRestarts(t, subjectOn(servers.Kafka(t, quickRestart()), mode))
		})
	}
}

func TestConsumersKilledInMidWork(t *testing.T) {
	t.Parallel()
	server := servers.Kafka(t)
	for _, mode := range []string{"share", "group"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			subject := subjectOn(server, mode)
			if mode == "group" {
				// A group waits 6 s for a member that is dead: of two, one has nothing to do by then.
				subject.Work = 20 * time.Millisecond
			}
			faults.ConsumerKills(t, subject)
		})
	}
}

func TestARebalanceStorm(t *testing.T) {
	t.Parallel()
	server := servers.Kafka(t)
	for _, mode := range []string{"share", "group"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			subject := subjectOn(server, mode)
			subject.Interval = time.Second
			faults.ListenersComeAndGo(t, subject)
		})
	}
}
