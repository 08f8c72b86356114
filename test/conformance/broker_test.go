package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func TestBroker(t *testing.T) {
	t.Parallel()
	report := Run(t, toySubject(wholeStorage, func(broker *toyBroker) { broker.careful = true }))
	require.Empty(t, report.With(Unsupported))
	require.Len(t, report.With(Skipped), 3+10, "cases of connections and of bounds")
}

func TestBrokerThatTakesAnybodysWord(t *testing.T) {
	t.Parallel()
	subject := toySubject(wholeStorage, func(*toyBroker) {})
	subject.Only = []string{"locks", "redelivery", "looking", "listening", "stopping", "inside the receiver", "faults"}
	Run(t, subject)
}

func TestBrokerThatCanDoLittle(t *testing.T) {
	t.Parallel()
	report := Run(t, toySubject(bareStorage, func(*toyBroker) {}))
	require.Equal(t, []string{"send", "receive", "abandon", "at_least_once"}, report.Capabilities)
	for _, name := range []string{
		"looking/Peek shows the next message and leaves it", "delays/a delay of nothing sends at once",
		"dead letters/a message is moved on request", "order/messages come in the order of sending",
	} {
		result, found := report.Find(name)
		require.True(t, found, name)
		require.Equal(t, Unsupported.String(), result.Outcome.String(), name)
	}
}

func TestBrokerThatForgets(t *testing.T) {
	t.Parallel()
	report := Run(t, toySubject(fleetingStorage, func(*toyBroker) {}))
	require.Equal(t, []string{"message_count", "send", "receive", "clear", "ordering"}, report.Capabilities)
	require.NotEmpty(t, report.With(Unsupported))
}

func TestFaultsOfBrokersAreCaught(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name   string
		set    func(broker *toyBroker)
		caught []string
	}{
		{"a restart loses messages", func(broker *toyBroker) { broker.forgetful = true }, []string{
			"faults/messages survive a restart of the server", "faults/delayed messages survive a restart of the server",
			"faults/dead messages survive a restart of the server", "faults/a restart under load loses nothing that was acknowledged",
		}},
		{"messages die with their consumer", func(broker *toyBroker) { broker.cruel = true }, []string{
			"faults/the messages of a consumer that was killed come again", "faults/the messages of a listener that was killed come again",
		}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range fault.caught {
				result := playOne(t, toySubject(wholeStorage, fault.set), name)
				require.Equal(t, Failed.String(), result.Outcome.String(), "outcome of %q", name)
				t.Logf("%s: %s", name, result.Reason)
			}
		})
	}
}

var _ queues.Storage = (*toyClient)(nil)
