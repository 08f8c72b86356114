//go:build brokers

package servertest

import (
	"strings"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/conformance"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

// configOf is the connection to a server, and options, keys and values in turn.
func configOf(server *servers.Server, options ...any) *cconf.ConfigParams {
	return configAt(server.Port, server.Settings(options...)...)
}

func TestMosquittoQueueKeepsTheContract(t *testing.T) {
	// Saving everything at each change, the server takes a minute longer for a queue of 20 000.
	server := servers.Mosquitto(t, servers.WithPassword("secret"), servers.WithConfig("autosave_on_changes false"))
	subject := subjectWith("mqtt (Mosquitto)", configOf(server))
	subject.Restart = func(t testing.TB) { require.NoError(t, servers.Unlabelled(server.Restart)) }
	report := conformance.Run(t, subject)
	require.Empty(t, report.With(conformance.Failed))
}

func TestWireOfMosquitto(t *testing.T) {
	params := configOf(servers.Mosquitto(t))
	sessionTests(t, params)
	wireTests(t, params)
}

func TestOpenSaysWhatIsWrongWithMosquitto(t *testing.T) {
	server := servers.Mosquitto(t, servers.WithPassword("secret"), servers.WithConfig("max_qos 1", "retain_available true"))
	params := configOf(server)
	for _, wrong := range []wrongSetting{
		{"wrong password", test.With(params, "credential.password", "hunter2"), queues.ErrNoConnection, []string{"credential.password"}},
		{"no password", configAt(server.Port), queues.ErrNoConnection, []string{"credential.password"}},
		{"no queue", test.With(params, "options.auto_create", false), queues.ErrBadConfig, []string{"options.auto_create"}},
		{"quality of service", test.With(params, "options.qos", 2), queues.ErrNotSupported, []string{"options.qos"}},
		{"no TLS there", test.With(params, "connection.protocol", "mqtts"), queues.ErrNoConnection, []string{"mqtts://"}},
	} {
		checkRefused(t, wrong)
	}
}

func TestMessagesOverTheServersLimitAreRefusedBeforeTheyAreSent(t *testing.T) {
	queue := openQueue(t, "limited", configOf(servers.Mosquitto(t, servers.WithConfig("max_packet_size 4000"))))
	require.NoError(t, queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: make([]byte, 2900)}))
	err := queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: make([]byte, 4000)})
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	err = queue.Send(t.Context(), "test", &queues.MessageEnvelope{Message: make([]byte, 2900), Headers: map[string]string{"large": strings.Repeat("x", 1000)}})
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	require.ErrorContains(t, err, "4000")
	require.Len(t, test.ReceiveText(t, queue, 10*time.Second), 2900)
	test.ReceiveNothing(t, queue, 0)
}

func TestTLS(t *testing.T) {
	server := servers.Mosquitto(t, servers.WithTLS(), servers.WithPassword("secret"))
	params := test.With(configOf(server), "connection.tls.ca", server.CAFile)
	for _, protocol := range []string{"mqtts", "mqtt"} { // with settings of TLS nothing goes in the clear
		queue := openQueue(t, "secure", test.With(params, "connection.protocol", protocol))
		require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
		require.Equal(t, "A", test.ReceiveText(t, queue, 10*time.Second))
		require.NoError(t, queue.Close(t.Context(), "test"))
	}
	checkRefused(t, wrongSetting{"an authority that is not known", test.With(configOf(server), "connection.protocol", "mqtts"), queues.ErrNoConnection, []string{"certificate"}})
}
