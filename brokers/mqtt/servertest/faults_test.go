//go:build brokers

package servertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// faultSubject is a queue with a session for each of the two listeners.
func faultSubject(server *servers.Server, options ...any) faults.Subject {
	return faults.Subject{
		Name:   "mqtt (Mosquitto)",
		New:    newQueue,
		Config: test.With(configOf(server, "options.sessions", 2), options...),
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

// TestNothingIsLostWhenAServerThatSavesEachChangeIsKilled: with options.wait_for_save what Send has confirmed is on the
// disk. The server saves everything each time, so there are fewer messages.
func TestNothingIsLostWhenAServerThatSavesEachChangeIsKilled(t *testing.T) {
	server := servers.Mosquitto(t, servers.WithConfig("autosave_on_changes true", "autosave_interval 1"))
	subject := faultSubject(server, "options.wait_for_save", true)
	subject.Server = server
	subject.Messages, subject.Restarts = 5000, 5
	faults.ServerRestarts(t, subject)
}

// onlyLoses notes what a test would fail for.
type onlyLoses struct {
	testing.TB
	failures []string
}

func (o *onlyLoses) Error(args ...any) { o.failures = append(o.failures, fmt.Sprint(args...)) }

// TestServerKilledUnderLoad shows what a crash of the server costs without that: what it has confirmed and not saved
// is gone. Everything else must be as it always is: senders and listeners resume, and nothing comes that was not sent.
func TestServerKilledUnderLoad(t *testing.T) {
	server := servers.Mosquitto(t, servers.WithConfig("autosave_on_changes true", "autosave_interval 100"))
	subject := faultSubject(server)
	subject.Server = server
	subject.Messages, subject.Restarts, subject.Patience = 5000, 3, 10*time.Second
	watched := &onlyLoses{TB: t}
	faults.ServerRestarts(watched, subject)
	for line := range strings.Lines(strings.Join(watched.failures, "\n")) {
		require.Regexp(t, "acknowledged messages are lost|waiting for the last messages: nothing", line)
	}
}

func TestConsumersKilledInMidWork(t *testing.T) {
	faults.ConsumerKills(t, faultSubject(servers.Mosquitto(t, servers.WithConfig("autosave_on_changes false"))))
}

// With one session, one process receives and the others stand by; one of them takes over when it is killed.
func TestWhoStandsByTakesOver(t *testing.T) {
	subject := faultSubject(servers.Mosquitto(t, servers.WithConfig("autosave_on_changes false")), "options.sessions", 1)
	subject.Messages, subject.Kills = 3000, 1
	faults.ConsumerKills(t, subject)
}
