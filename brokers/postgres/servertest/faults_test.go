//go:build brokers

package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/faults"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func subjectOn(server *servers.Server) faults.Subject {
	return faults.Subject{Name: "postgres", New: newQueue, Config: configOf(server), Server: server}
}

func TestServerKilledUnderLoad(t *testing.T) {
	faults.ServerRestarts(t, subjectOn(servers.Postgres(t)))
}

func TestConsumersKilledInMidWork(t *testing.T) {
	t.Parallel()
	faults.ConsumerKills(t, subjectOn(servers.Postgres(t)))
}

func TestConsumersWithPrefetchKilledInMidWork(t *testing.T) {
	t.Parallel()
	subject := subjectOn(servers.Postgres(t))
	subject.Config = subject.Config.Override(cconf.NewConfigParamsFromTuples("options.prefetch", 32))
	faults.ConsumerKills(t, subject)
}

func TestAListenerResumesAfterARestart(t *testing.T) {
	server := servers.Postgres(t)
	test.ResumeAfter(t, openQueue(t, "resume", configOf(server)), 20*time.Second, server.Restart)
}

func TestCancelledReceivesLeaveNothingLocked(t *testing.T) {
	faults.CancelledReceives(t, subjectOn(servers.Postgres(t)))
}
