package nats

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// serversOf reads the servers of a target, as connecting does.
func serversOf(target connect.Target) (*servers, error) {
	given, err := target.Servers(protocols()...)
	return newServers(target, given), err
}

func targetOf(t *testing.T, connection, credential, options []any) connect.Target {
	values, problems := config.NewSet(sharedOptions()...).Parse(cconf.NewConfigParamsFromTuples(options...))
	require.NoError(t, problems.Err())
	target := connect.Target{Name: "queue orders", Options: values}
	if connection != nil {
		target.Connections = []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples(connection...)}
	}
	if credential != nil {
		target.Credential = cauth.NewCredentialParamsFromTuples(credential...)
	}
	return target
}

func TestServersAreReadFromConnectionsAndCredentials(t *testing.T) {
	t.Parallel()
	s, err := serversOf(targetOf(t, []any{"uri", "nats://u:p@a,b:1"}, nil, []any{"options.flush_timeout", 1000}))
	require.NoError(t, err)
	require.Equal(t, []string{"nats://a:4222", "nats://b:1"}, s.urls)
	require.Equal(t, []string{"u", "p", ""}, []string{s.username, s.password, s.token})
	require.Equal(t, "nats://a:4222, nats://b:1", s.String())
	require.Equal(t, time.Second, s.answerTimeout)
	require.Nil(t, s.tls)

	s, err = serversOf(targetOf(t, []any{"uri", "tls://u:p@a"}, []any{"username", "x", "password", "y"}, nil))
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y"}, []string{s.username, s.password}, "the credential wins")

	s, err = serversOf(targetOf(t, []any{"host", "a"}, []any{"token", "secret"}, nil))
	require.NoError(t, err)
	require.Equal(t, "secret", s.token)
}

func TestWrongConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := serversOf(targetOf(t, []any{"host", "a", "protocol", "http"}, nil, nil))
	require.ErrorIs(t, err, queues.ErrBadConfig)
	_, err = serversOf(targetOf(t, []any{"host", "a", "tls.ca", "nowhere.pem"}, nil, nil))
	require.ErrorIs(t, err, queues.ErrBadConfig)
}

func TestPayloadsHaveRoomForTheirHeaders(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1<<20-headerRoom, payloadLimit(1<<20, -1))
	require.Equal(t, 3072, payloadLimit(1<<20, 4096))
	require.Zero(t, payloadLimit(-1, 100), "nothing to go by")
}

// refusing is where a server would be: it counts who knocks, and says how often.
type refusing struct{ knocks int }

func (r *refusing) InProcessConn() (net.Conn, error) {
	r.knocks++
	return nil, fmt.Errorf("refusal %d", r.knocks)
}

// The pause between two attempts may end in the moment in which the time does: what follows would be an attempt
// without any time, whose error says nothing of the server.
func TestTheLastAttemptToConnectHasTime(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			s, err := serversOf(targetOf(t, []any{"host", "a"}, nil, []any{"options.reconnect_timeout", 1000}))
			require.NoError(t, err)
			server := new(refusing)
			s.provider = server
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err = s.dial(ctx)
			require.ErrorIs(t, err, queues.ErrNoConnection)
			require.ErrorContains(t, err, "refusal 2")
			require.Equal(t, 2, server.knocks)
		})
	}
}
