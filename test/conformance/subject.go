package conformance

import (
	"os"
	"strconv"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Subject is the kind of queue that is held to the contract, and what the suite has to know of it. Only
// New is required; the zero value of every other field suits a broker that is reached in real time.
type Subject struct {
	// Name is what the report calls the queue: "memory", "nats". Default: the name of the test.
	Name string

	// New makes a closed queue of that name, configured with params: Config with the options of the
	// case over it. Names are fresh and consist of lower-case letters, digits and dashes. What must be
	// removed when the case is over, such as the queue on the server, is removed in t.Cleanup, which
	// runs when the queue is closed. It may be called from several cases at once if Parallel is above 1.
	New func(t testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue

	// Config is what every queue is configured with: connection, credential, options of its own. nil: nothing.
	Config *cconf.ConfigParams

	// References are what every queue is given with SetReferences, together with what a case adds (a
	// dead-letter queue, a logger). nil: nothing. New itself does not call SetReferences. With Parallel, New may
	// add to them if GetAll and GetAllLocators are safe for that.
	References cref.IReferences

	// SharedByName tells that two queue objects of one name are one queue, as they are on a broker.
	// Without it, as in memory, they are two queues with a name in common.
	SharedByName bool

	// Bubble runs each case in a bubble of testing/synctest: time is virtual, and cases that last hours
	// take no real time. It suits queues that live in this process and wait for nothing outside it.
	Bubble bool

	// Parallel is how many cases are played at a time (but for those of faults and load). In real time
	// cases spend their time waiting for locks to run out, so make it 8 or more. Default: 1.
	Parallel int

	// Attempts is how often a case may be played until it passes, outside of bubbles: on a machine that other
	// programs keep busy, limits of time may not hold through no fault of the queue. The report names the cases
	// that needed more than one, and more than a few of them fail the run. Default: what AttemptsVariable
	// says, or 1.
	Attempts int

	// Only runs the named groups ("locks") and cases ("locks/completing twice is a no-op"); empty: all.
	Only []string

	// Skip leaves out groups or cases, each for a reason that the report prints: what this queue cannot
	// do though it declares the capability. A name that does not exist fails the run.
	Skip map[string]string

	// LockTimeout is the lock time-out of cases that wait for a lock to run out: the smallest that the
	// broker keeps well, since every such case takes a few of them, and at least ten times Tolerance.
	// Default: 2 s or more; in a bubble 30 s.
	LockTimeout time.Duration

	// Tolerance is how far off its time an event may be: a lock that runs out, a delay that is over, a
	// time-out. Default: 100 ms; in a bubble 10 ms.
	Tolerance time.Duration

	// WakeUp is how long it may take from Send until a waiting receiver has the message. Default: Tolerance.
	WakeUp time.Duration

	// Patience is how long something that must happen is waited for. Default: 15 s; in a bubble 10 minutes.
	Patience time.Duration

	// CaseLimit is after what time a case is stuck. Default: 3 minutes; in a bubble 48 hours.
	CaseLimit time.Duration

	// MaxPayload is the largest payload that is tried, in bytes. Default: 1 MiB.
	MaxPayload int

	// LoadMessages and LoadListeners are the sizes of the load cases. Default: 20 000 messages, 50 listeners.
	LoadMessages, LoadListeners int

	// Bounded tells that the queue keeps options.max_messages and options.overflow.
	Bounded bool

	// Restart stops the server, starts it again with what it had, and returns when it takes connections.
	// nil: the cases of a restart are skipped.
	Restart func(t testing.TB)

	// Kill ends the use of an open queue object as the death of its process would: nothing is given back
	// and nobody says goodbye, and the goroutines end. Closing the object afterwards does no harm.
	// nil: the cases of a crash are skipped. They need SharedByName.
	Kill func(t testing.TB, queue queues.IMessageQueue)

	// NoConnection, WrongCredentials and NoServer make closed queues that cannot be opened: one
	// without any connection configured, one whose credentials the server refuses, and one that is
	// directed to where no server is. nil: the case is skipped.
	NoConnection, WrongCredentials, NoServer func(t testing.TB, name string) queues.IMessageQueue
}

// AttemptsVariable names the environment variable with the default of Subject.Attempts.
const AttemptsVariable = "CONFORMANCE_ATTEMPTS"

// withDefaults returns the subject with every field filled in that has a default.
func (s Subject) withDefaults(name string) *Subject {
	orElse(&s.Name, name)
	orElse(&s.Tolerance, s.either(10*time.Millisecond, 100*time.Millisecond))
	orElse(&s.LockTimeout, max(s.either(30*time.Second, 2*time.Second), 10*s.Tolerance))
	orElse(&s.WakeUp, s.Tolerance)
	orElse(&s.Patience, s.either(10*time.Minute, 15*time.Second))
	orElse(&s.CaseLimit, s.either(48*time.Hour, 3*time.Minute))
	orElse(&s.Parallel, 1)
	if s.Attempts == 0 && !s.Bubble { // in a bubble nothing is left to chance
		s.Attempts, _ = strconv.Atoi(os.Getenv(AttemptsVariable))
	}
	s.Attempts = max(1, s.Attempts)
	orElse(&s.MaxPayload, 1<<20)
	orElse(&s.LoadMessages, 20_000)
	orElse(&s.LoadListeners, 50)
	if s.Config == nil {
		s.Config = cconf.NewEmptyConfigParams()
	}
	return &s
}

func (s *Subject) either(inBubble, inRealTime time.Duration) time.Duration {
	if s.Bubble {
		return inBubble
	}
	return inRealTime
}

func orElse[T comparable](value *T, otherwise T) {
	if *value == *new(T) {
		*value = otherwise
	}
}
