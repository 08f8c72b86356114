package conformance

import (
	"sync"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// OnServer adds to a subject what follows from how its queues reach their server: New, Config, NoConnection, NoServer and,
// where the server asks for a password, WrongCredentials. newQueue makes a closed queue of that name, configured with
// params; config has connection.host and connection.port of the server and, if it asks for one, credential.password.
func (s Subject) OnServer(newQueue func(name string, params *cconf.ConfigParams) queues.IMessageQueue, config *cconf.ConfigParams) Subject {
	with := func(params *cconf.ConfigParams) func(testing.TB, string) queues.IMessageQueue {
		return func(_ testing.TB, name string) queues.IMessageQueue { return newQueue(name, params) }
	}
	s.New = func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
		return newQueue(name, params)
	}
	s.Config = config
	s.NoConnection = with(cconf.NewEmptyConfigParams())
	s.NoServer = with(config.Override(cconf.NewConfigParamsFromTuples("connection.port", 1, "options.connect_timeout", 1000)))
	if config.GetAsString("credential.password") != "" {
		s.WrongCredentials = with(config.Override(cconf.NewConfigParamsFromTuples("credential.password", "wrong")))
	}
	return s
}

// Line is a way to a server that can be cut, such as a *servers.Proxy.
type Line interface {
	Port() int // at which it begins
	Cut()      // ends it as the death of the process at its beginning would
}

// Over has each queue of the subject reach its server over a line of its own, which Kill cuts. newLine makes one, for the
// time of the case.
func (s Subject) Over(newLine func(t testing.TB) Line) Subject {
	make, lines := s.New, new(sync.Map) // by queue object
	s.New = func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
		line := newLine(t)
		queue := make(t, name, params.Override(cconf.NewConfigParamsFromTuples("connection.port", line.Port())))
		lines.Store(queue, line)
		return queue
	}
	s.Kill = func(t testing.TB, queue queues.IMessageQueue) {
		line, ok := lines.Load(queue)
		if !ok {
			t.Fatalf("queue %s was not made by Subject.New", queue.Name())
		}
		line.(Line).Cut()
	}
	return s
}
