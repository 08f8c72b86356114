package faults

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
)

// Server is what a queue depends on and what is killed, such as a *servers.Server.
type Server interface {
	Kill() error  // as a crash would, and returns when it is dead
	Start() error // with the data and the address it had, and returns when it can be used
}

// Subject is the queue that is held to its promise, and how hard. New is required, for ServerRestarts
// also Server; the zero value of every other field means its default.
type Subject struct {
	// Name is what the table calls the queue. Default: the name of the test.
	Name string

	// New makes the queues: configured with Config and what the test needs over it. Two queues of one name are one on
	// the server. What must be removed from there when every queue of that name is closed, the caller removes.
	New NewQueue

	// Config is what every queue is configured with: connection, credential, options of its own. A
	// consumer process gets it too, and nothing else, so it must hold all that is needed to connect.
	Config *cconf.ConfigParams

	// Server is killed and started by ServerRestarts.
	Server Server

	// Confirmed tells that Complete returns nil only when the server has stored the completion, for good:
	// then no message may be completed twice, whatever is killed.
	Confirmed bool

	// Messages is how many Sends must be acknowledged; more are sent while there is something left to break.
	// Default: 10 000 for ConsumerKills, 50 000 for the others.
	Messages int

	// Restarts is how often ServerRestarts kills the server, Kills how often ConsumerKills kills a
	// consumer. Default: 10.
	Restarts, Kills int

	// Changes is how often a listener comes and one goes in ListenersComeAndGo, and Interval how often it
	// happens. Default: 20, each second.
	Changes  int
	Interval time.Duration

	// Senders is how many goroutines send, Listeners how many queue objects listen, or how many
	// processes consume, and Concurrency is options.listen_concurrency of each. Default: 16, 2, 4.
	Senders, Listeners, Concurrency int

	// Payload is the size of a message in bytes. Default: 256.
	Payload int

	// Work is how long a consumer process works on a message before it completes it. Default: 3 ms.
	Work time.Duration

	// Outage is for how long the server stays down, at least. Default: 200 ms.
	Outage time.Duration

	// LockTimeout is options.lock_timeout, after which messages of the dead come back. Default: 5 s.
	LockTimeout time.Duration

	// Patience is how long nothing may happen that must happen, such as the first message received after
	// a restart. Default: 60 s.
	Patience time.Duration

	// Limit bounds the whole test. Default: 15 minutes.
	Limit time.Duration
}

func (s Subject) withDefaults(t testing.TB, messages int) Subject {
	t.Helper()
	if s.New == nil {
		t.Fatal("faults.Subject.New is missing")
	}
	orElse(&s.Name, t.Name())
	orElse(&s.Messages, messages)
	orElse(&s.Restarts, 10)
	orElse(&s.Kills, 10)
	orElse(&s.Changes, 20)
	orElse(&s.Interval, time.Second)
	orElse(&s.Senders, 16)
	orElse(&s.Listeners, 2)
	orElse(&s.Concurrency, 4)
	orElse(&s.Payload, 256)
	orElse(&s.Work, 3*time.Millisecond)
	orElse(&s.Outage, 200*time.Millisecond)
	orElse(&s.LockTimeout, 5*time.Second)
	orElse(&s.Patience, time.Minute)
	orElse(&s.Limit, 15*time.Minute)
	return s
}

func orElse[T comparable](value *T, otherwise T) {
	if *value == *new(T) {
		*value = otherwise
	}
}

// params is the configuration of every queue of a test.
func (s *Subject) params() *cconf.ConfigParams {
	params := cconf.NewEmptyConfigParams()
	if s.Config != nil {
		params = params.Override(s.Config)
	}
	return params.Override(cconf.NewConfigParamsFromTuples(
		config.LockTimeout, s.LockTimeout.Milliseconds(),
		config.DrainTimeout, s.LockTimeout.Milliseconds()/2,
		config.ListenConcurrency, s.Concurrency,
		// A message whose receivers are killed is not a bad message.
		config.MaxDeliveries, 0,
	))
}

// queueName is one that no test has used before.
func queueName() string { return fmt.Sprintf("faults-%08x", rand.Uint32()) }
