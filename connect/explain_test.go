package connect_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

func TestAServerThatIsNotThereIsExplained(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	_, err = net.Dial("tcp", address)
	explained := connect.Explain(fmt.Errorf("client: %w", err))
	require.ErrorContains(t, explained, "check connection.host and connection.port, and that the server runs: client: dial tcp "+address)
	require.ErrorIs(t, explained, err)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, cancelled := new(net.Dialer).DialContext(ended, "tcp", address)
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, tooLate := new(net.Dialer).DialContext(late, "tcp", address)
	for _, other := range []error{nil, errors.New("NOAUTH"), &net.OpError{Op: "read", Err: errors.New("reset")}, cancelled, tooLate} {
		require.Equal(t, other, connect.Explain(other))
	}
}
