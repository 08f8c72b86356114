package connect_test

import (
	"fmt"
	"io"
	"testing"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

func TestARedactorMasksTheSecretsOfConnectionsAndCredentials(t *testing.T) {
	t.Parallel()
	redactor := connect.NewRedactor(
		[]*cconn.ConnectionParams{
			nil,
			connection("uri", "amqp://u:fr0m%40uri@h", "host", "visible-host", "password", "fr0m-connection"),
			connection("tls.key", "-----BEGIN PRIVATE KEY-----\nfr0m-key\n-----END PRIVATE KEY-----", "tls.cert", "visible.crt"),
			connection("tls.key", "visible.key"),
		},
		nil,
		cauth.NewCredentialParamsFromTuples("username", "visible-user", "password", "fr0m-credential", "odd", "fr0m-unknown", "store_key", "visible-key"),
	)
	for _, secret := range []string{"fr0m%40uri", "fr0m@uri", "fr0m-connection", "fr0m-key", "fr0m-credential", "fr0m-unknown"} {
		text := redactor.Text("the server says: " + secret + " is wrong")
		require.Equal(t, "the server says: *** is wrong", text)
	}
	for _, visible := range []string{"visible-host", "visible.crt", "visible.key", "visible-user", "visible-key"} {
		require.Equal(t, visible, redactor.Text(visible))
	}
	err := redactor.Error(fmt.Errorf("dial amqp://u:fr0m%%40uri@h: %w", io.EOF))
	require.EqualError(t, err, "dial amqp://u:***@h: EOF")
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, redactor.Error(nil))
}

func TestAZeroRedactorMasksURIs(t *testing.T) {
	t.Parallel()
	require.Equal(t, "nats://u:***@h", connect.Redactor{}.Text("nats://u:s3cret@h"))
	require.Equal(t, "nats://u:***@h", connect.RedactURI("nats://u:s3cret@h"))
}
