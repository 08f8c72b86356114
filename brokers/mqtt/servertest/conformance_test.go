package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
)

// subjectWith is a queue on a server.
func subjectWith(name string, params *cconf.ConfigParams) conformance.Subject {
	return conformance.Subject{
		Name:      name,
		Parallel:  8,
		Tolerance: 200 * time.Millisecond, // to subscribe takes half a dozen round trips
	}.OnServer(newQueue, params)
}

// TestInProcessQueueKeepsTheContract runs with the session attached from Open on, and a wide window: when a client comes
// back to its session, or acknowledges what was over the receive maximum, mochi sends messages in any order, and some
// of them twice. Mosquitto decides.
func TestInProcessQueueKeepsTheContract(t *testing.T) {
	const resumes = "mochi sends what is not acknowledged in any order when a session is resumed; Mosquitto passes"
	subject := subjectWith("mqtt (mochi)", test.With(inProcess(t), "options.autosubscribe", true, "options.receive_maximum", 5000))
	subject.LoadMessages = 2000
	subject.Skip = map[string]string{
		"dead letters/dead messages survive Close":                          resumes,
		"lifecycle/messages survive Close":                                  resumes,
		"order/what Close gives back comes before later ones":               resumes,
		"redelivery/what Close gives back is not counted":                   resumes,
		"stopping/what was fetched and not started is given back uncounted": resumes,
	}
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

// TestInProcessServerSendsWhatThereIs holds noQuotaHook to what it does: with a quota a server may be deadlocked.
func TestInProcessServerSendsWhatThereIs(t *testing.T) {
	queue := openQueue(t, "no-quota", test.With(inProcess(t), "options.autosubscribe", true, "options.receive_maximum", 1))
	for _, envelope := range test.Numbered(3) {
		require.NoError(t, queue.Send(t.Context(), "test", envelope))
	}
	for range 3 { // of which none is acknowledged
		test.Receive(t, queue, 10*time.Second)
	}
}

// TestInProcessQueueOfServiceZeroKeepsTheContract plays what there is to a queue that keeps nothing.
func TestInProcessQueueOfServiceZeroKeepsTheContract(t *testing.T) {
	subject := subjectWith("mqtt, qos 0 (mochi)", test.With(inProcess(t), "options.autosubscribe", true, "options.qos", 0))
	subject.Only = []string{"round trip", "waiting", "batches", "listening", "bad input"}
	subject.Tolerance = 250 * time.Millisecond
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}
