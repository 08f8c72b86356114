//go:build brokers

package servertest

import (
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test/servers"
)

func TestAServerThatLetsEverybodyIn(t *testing.T) {
	server := servers.Kafka(t)
	t.Run("Open says what is wrong", func(t *testing.T) { checkOpening(t, configOf(server)) })
	t.Run("the server speaks no TLS", func(t *testing.T) {
		checkRefused(t, configOf(server), queues.ErrNoConnection, "TLS or not", "connection.protocol", "tls")
	})
	t.Run("the wire format", func(t *testing.T) { checkWire(t, configOf(server), server.Addr()) })
}

// The server asks for a user by SASL, over TLS.
func TestWhomAServerLetsIn(t *testing.T) {
	server := servers.Kafka(t, servers.WithPassword(secret), servers.WithTLS())
	trusting := cconf.NewConfigParamsFromTuples("connection.host", server.Host, "connection.port", server.Port, "connection.tls.ca", server.CAFile)
	checkCredentials(t, trusting)
	user := cconf.NewConfigParamsFromTuples("credential.username", server.Username, "credential.password", server.Password)
	t.Run("the certificate is not trusted", func(t *testing.T) {
		checkRefused(t, configOf(server), queues.ErrNoConnection, "certificate", "connection.protocol", "tls")
	})
	t.Run("the server speaks TLS only", func(t *testing.T) {
		checkRefused(t, configOf(server), queues.ErrNoConnection, "TLS or not")
	})
	t.Run("both modes work", func(t *testing.T) {
		for _, mode := range []string{"share", "group"} {
			queue := openQueue(t, "secured-"+mode, trusting.Override(user).Override(cconf.NewConfigParamsFromTuples("options.mode", mode)))
			require.NoError(t, queues.SendDelayed(t.Context(), queue, "", test.Text("A"), 10*time.Millisecond))
			require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)))
		}
	})
	t.Run("a raw client reads what was sent", func(t *testing.T) {
		queue := openQueue(t, "secured-wire", trusting.Override(user))
		require.NoError(t, queue.Send(t.Context(), "", test.Text("A")))
		options := []kgo.Opt{kgo.SeedBrokers(server.Addr()), kgo.DialTLSConfig(server.TLSConfig()), kgo.SASL(plain.Auth{User: server.Username, Pass: server.Password}.AsMechanism())}
		require.Equal(t, "A", string(readRecord(t, "secured-wire", options).Value))
	})
}
