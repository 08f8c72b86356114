package connect_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func toyProtocols() []config.Protocol {
	return []config.Protocol{{Name: "toy", Port: 7000}, {Name: "toys", Port: 7001, TLS: true}}
}

func TestServersAreWhatTheSettingsComeTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		connection []any
		credential []any
		hosts      string
		user       []string
		encrypted  bool
	}{
		{"a cluster", []any{"host", "a,b", "port", 9}, nil, "a:9, b:9", []string{"", ""}, false},
		{"the user of a URI", []any{"uri", "toy://ann:pw@a,b"}, nil, "a:7000, b:7000", []string{"ann", "pw"}, false},
		{"a credential wins", []any{"uri", "toy://ann:pw@a"}, []any{"username", "bob", "password", "x"}, "a:7000", []string{"bob", "x"}, false},
		{"a user does not get the password of another", []any{"uri", "toy://ann:pw@a"}, []any{"username", "bob"}, "a:7000", []string{"bob", ""}, false},
		{"a password for the user of a URI", []any{"uri", "toy://ann@a"}, []any{"password", "x"}, "a:7000", []string{"ann", "x"}, false},
		{"a password for nobody", []any{"uri", "toy://:pw@a"}, nil, "a:7000", []string{"", "pw"}, false},
		{"a credential for nobody", []any{"host", "a"}, []any{"password", "x"}, "a:7000", []string{"", "x"}, false},
		{"a protocol with TLS", []any{"host", "a", "protocol", "toys"}, nil, "a:7001", []string{"", ""}, true},
		{"TLS by settings", []any{"host", "a", "tls.server_name", "b"}, nil, "a:7000", []string{"", ""}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target := connect.Target{Connections: []*cconn.ConnectionParams{nil, cconn.NewConnectionParamsFromTuples(c.connection...)}}
			if c.credential != nil {
				target.Credential = cauth.NewCredentialParamsFromTuples(c.credential...)
			}
			servers, err := target.Servers(toyProtocols()...)
			require.NoError(t, err)
			require.Equal(t, c.hosts, servers.String())
			require.Equal(t, c.user, []string{servers.Username, servers.Password})
			require.Equal(t, c.encrypted, servers.TLS != nil)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", servers, servers, servers), "pw")
		})
	}
}

func TestWhatAllServersShare(t *testing.T) {
	t.Parallel()
	target := connect.Target{Connections: []*cconn.ConnectionParams{
		nil,
		cconn.NewConnectionParamsFromTuples("host", "a", "vhost", ""),
		cconn.NewConnectionParamsFromTuples("uri", "toys://b/first", "vhost", "mine"),
		cconn.NewConnectionParamsFromTuples("uri", "toy://c/second", "vhost", "other"),
	}}
	require.Equal(t, "mine", target.Setting("vhost"))
	require.Empty(t, target.Setting("database"))
	servers, err := target.Servers(toyProtocols()...)
	require.NoError(t, err)
	require.Equal(t, "first", servers.Path)
	require.Equal(t, "b", servers.TLSFor("b").ServerName)
	require.Empty(t, servers.TLS.ServerName, "each host has a copy of its own")
	servers.TLS.ServerName = "set"
	require.Equal(t, "set", servers.TLSFor("b").ServerName)
	servers.TLS = nil
	require.Nil(t, servers.TLSFor("b"))
}

func TestServersThatAreMissingOrWrongAreRefused(t *testing.T) {
	t.Parallel()
	_, err := connect.Target{}.Servers(toyProtocols()...)
	require.ErrorIs(t, err, queues.ErrNoConnection)
	require.ErrorContains(t, err, "connection.host")

	_, err = connect.Target{Connections: []*cconn.ConnectionParams{
		cconn.NewConnectionParamsFromTuples("uri", "http://ann:hunter2@a", "tls.ca", "nowhere.pem"),
	}}.Servers(toyProtocols()...)
	require.ErrorIs(t, err, queues.ErrBadConfig)
	require.ErrorContains(t, err, "toys", "what can be written instead")
	require.ErrorContains(t, err, "nowhere.pem", "all that is wrong")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestWhatADialerSaysNamesItsServers(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("%w: refused", queues.ErrNoConnection)
	for _, c := range []struct {
		name string
		dial func(ctx context.Context) error
		want string
	}{
		{"nothing", func(context.Context) error { return refused }, "connecting to a:7000, b:7000: no connection: refused"},
		{"one of them", func(context.Context) error { return fmt.Errorf("b:7000: %w", refused) }, "b:7000: no connection: refused"},
		{
			"that time is over", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			"no connection: took longer than options.connect_timeout of 2s; raise it if the server is only slow: connecting to a:7000, b:7000: context deadline exceeded",
		},
		{
			"that its own time is over", func(context.Context) error { time.Sleep(2 * time.Second); return refused },
			"no connection: took longer than options.connect_timeout of 2s; raise it if the server is only slow: connecting to a:7000, b:7000: no connection: refused",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &broker{dial: func(ctx context.Context, _ connect.Target) error { return c.dial(ctx) }}
				target := target(t, "options.connect_timeout", 2000)
				target.Connections = []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples("host", "a,b")}
				_, err := connect.Acquire(t.Context(), target, nil, b.client())
				require.EqualError(t, err, c.want)
				require.ErrorIs(t, err, queues.ErrNoConnection)
			})
		})
	}
}

func TestADialerThatIsCancelledHasNotRunOutOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{dial: func(ctx context.Context, _ connect.Target) error { <-ctx.Done(); return ctx.Err() }}
		target := target(t, "options.connect_timeout", 2000)
		target.Connections = []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples("host", "a")}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := connect.Acquire(ctx, target, nil, b.client())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, errors.Is(err, queues.ErrNoConnection))
	})
}
