package conformance_test

import (
	"context"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// newMemoryQueue makes a queue in memory for the suite.
func newMemoryQueue(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
	queue := queues.NewMemoryMessageQueue(name)
	queue.Configure(context.Background(), params)
	return queue
}

func TestMemoryQueue(t *testing.T) {
	t.Parallel()
	conformance.Run(t, conformance.Subject{
		Name:     "memory",
		New:      newMemoryQueue,
		Bubble:   true,
		Parallel: 4,
		Bounded:  true,
	})
}

// In a bubble nothing takes time but what waits; so this looks at waiting once more, by the clock.
func TestMemoryQueueInRealTime(t *testing.T) {
	conformance.Run(t, conformance.Subject{
		Name:        "memory in real time",
		New:         newMemoryQueue,
		Parallel:    8,
		LockTimeout: 3 * time.Second,
		Tolerance:   300 * time.Millisecond, // the machine may be busy
		WakeUp:      50 * time.Millisecond,
		Only:        []string{"waiting", "competition", "listening/a listener is woken at once"},
	})
}
