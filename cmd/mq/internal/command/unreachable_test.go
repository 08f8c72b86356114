package command_test

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/mqtest"
)

// nowhere is an address on which nobody listens.
func nowhere(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// A server that is not there is one line, whatever client library stands behind it: what is wrong, once, and
// what to look at.
func TestAServerThatIsNotThereIsALineWithAWayOut(t *testing.T) {
	t.Parallel()
	shell := mqtest.NewShell(t)
	for _, kind := range []string{"nats", "bare-nats", "redis", "rabbitmq", "kafka", "mqtt", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			queue := kind + "://" + nowhere(t) + "/orders"
			result := shell.Run(t, "count", queue, "--timeout", "2s")
			require.Equal(t, 4, result.Code, result.Err)
			require.Equal(t, 1, strings.Count(result.Err, "\n"), result.Err)
			require.Equal(t, 1, strings.Count(result.Err, "no connection"), result.Err)
			require.Contains(t, result.Err, "check connection.host and connection.port")
			require.NotContains(t, result.Err, ":;")
			require.NotContains(t, result.Err, "; ;")

			result = shell.Run(t, "count", queue, "--timeout", "2s", "--json", "--quiet")
			require.Equal(t, 4, result.Code, result.Err)
			require.NoError(t, json.Unmarshal([]byte(result.Err), &struct{}{}), result.Err)
		})
	}
}
