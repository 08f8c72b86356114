package conformance_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// A test like this one is all that a queue needs.
func ExampleRun() {
	TestConformance := func(t *testing.T) {
		conformance.Run(t, conformance.Subject{
			Name:   "memory",
			Bubble: true, // time is virtual: the queue waits for nothing outside this process
			New: func(_ testing.TB, name string, params *cconf.ConfigParams) queues.IMessageQueue {
				queue := queues.NewMemoryMessageQueue(name)
				queue.Configure(context.Background(), params)
				return queue
			},
		})
	}
	_ = TestConformance // run by go test
}

// A queue on a server says how it is reached, what the suite may do to the server, and what it cannot do
// though it declares the capability.
func ExampleSubject() {
	_ = conformance.Subject{
		Name:         "some broker",
		New:          nil, // as in the example of Run
		Config:       cconf.NewConfigParamsFromTuples("connection.host", "localhost", "connection.port", 4222),
		SharedByName: true,
		Parallel:     8,
		LockTimeout:  2 * time.Second,
		Tolerance:    200 * time.Millisecond, // its locks are checked five times a second
		MaxPayload:   256 << 10,
		Restart:      func(testing.TB) { /* stop the server and start it again */ },
		Skip: map[string]string{
			"locks/renewing may shorten a lock": "the server only ever extends a lock by its full time",
		},
	}
}

func ExampleReport_Markdown() {
	report := conformance.Report{
		Queue:        "some broker",
		Capabilities: []string{"send", "receive"},
		DeadLetters:  "none",
		Results: []conformance.Result{
			{Group: "waiting", Case: "the time-out holds", Outcome: conformance.Passed},
			{Group: "waiting", Case: "wait 0 takes what is ready", Outcome: conformance.Skipped, Reason: "needs a round trip"},
		},
	}
	fmt.Print(report.Markdown())
	// Output:
	// ### some broker
	//
	// Declares `send`, `receive`. Dead letters: none.
	//
	// | cases | passed | not supported, and said so | skipped | failed |
	// |---|---:|---:|---:|---:|
	// | waiting | 1 | 0 | 1 | 0 |
	// | **all** | 1 | 0 | 1 | 0 |
	//
	// Skipped:
	//
	// - waiting/wait 0 takes what is ready: needs a round trip
}

func ExampleCases() {
	for _, name := range conformance.Cases() {
		if strings.HasPrefix(name, "competition/") {
			fmt.Println(name)
		}
	}
	// Output:
	// competition/many senders and receivers share the messages
	// competition/receivers of two objects share the messages
	// competition/two listeners share the messages
	// competition/when one listener stops the other goes on
}
