package services

import (
	"strings"
	"testing"
)

// kind is a kind of queue, and how its container file finds the server.
type kind struct {
	name       string
	parameters []string
}

// story is a way to play the service. It returns what the service has observed, run by run.
type story struct {
	name string
	play func(t testing.TB, k kind) [][]event
}

// stories are played over every kind, one after the other: each leaves the queues as it found them, empty.
func stories() []story {
	return []story{
		{"work and dead letters", workAndDeadLetters},
		{"work that succeeds at the third attempt", thirdAttempt},
		{"stopped in mid-work and started again", stopAndStart},
	}
}

const mover = "pip-services-example:worker:mover"

func (k kind) orders() string { return "pip-services:message-queue:" + k.name + ":orders" }

// start runs the service over the kind.
func (k kind) start(t testing.TB, more settings) *service {
	t.Helper()
	return startService(t, containerFile(t, k.name, more), append(k.parameters, "WORK_TIME=1")...)
}

// ordinary are lines that nothing is special about, but for what they look like.
var ordinary = []string{"apples", "pears", "", "Größe ✓ 馬", strings.Repeat("long ", 10_000), `{"json": true}`, "plums"}

// workAndDeadLetters has the service fail on one message until the queue gives up.
func workAndDeadLetters(t testing.TB, k kind) [][]event {
	s := k.start(t, settings{
		mover: {"options.fail_on": "stones"},
		k.orders(): {
			"options.max_deliveries": "3", "options.retry_delay": "100", "options.retry_max_delay": "200",
			"options.require": "receive, abandon, at_least_once",
		},
	})
	s.feed(ordinary[:3]...)
	s.feed("stones")
	s.feed(ordinary[3:]...)
	s.await(len(ordinary)+1, "arrived")
	return [][]event{s.stop()}
}

// thirdAttempt has the service fail twice on some messages, and go on with others meanwhile.
func thirdAttempt(t testing.TB, k kind) [][]event {
	s := k.start(t, settings{
		mover:      {"options.fail_on": "stones", "options.fail_attempts": "2"},
		k.orders(): {"options.retry_delay": "100"},
	})
	lines := []string{"grey stones", "apples", "white stones", "pears"}
	s.feed(lines...)
	s.await(len(lines), "arrived")
	return [][]event{s.stop()}
}

// stopAndStart stops the service while it works on one message and others wait, and starts it again. What
// was in work was interrupted, which is no fault of the message: it does not count.
func stopAndStart(t testing.TB, k kind) [][]event {
	s := k.start(t, settings{
		mover:      {"options.work_time": "3600000"},
		k.orders(): {"options.drain_timeout": "100"},
	})
	lines := []string{"one", "two", "three"}
	s.feed(lines...)
	s.await(len(lines), "fed")
	s.await(1, "received")
	stopped := s.stop()

	s = k.start(t, nil)
	s.feed("four")
	if left := find(stopped, "left", "orders"); left.Count == nil || capabilitiesOf(stopped).has("durable") {
		s.await(len(lines)+1, "arrived")
	} else {
		s.await(1, "arrived")
	}
	return [][]event{stopped, s.stop()}
}
