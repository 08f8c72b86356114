package connect_test

import (
	"fmt"
	"net/url"
	"testing"

	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

func protocols() []config.Protocol {
	return []config.Protocol{{Name: "amqp", Port: 5672}, {Name: "amqps", Port: 5671}}
}

func connection(tuples ...any) *cconn.ConnectionParams {
	return cconn.NewConnectionParamsFromTuples(tuples...)
}

func TestAddressesAreReadFromHostsAndURIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given *cconn.ConnectionParams
		want  []connect.Address
	}{
		"a host with defaults": {
			connection("host", "mq"),
			[]connect.Address{{Protocol: "amqp", Host: "mq", Port: 5672}},
		},
		"an ip stands in for a host": {
			connection("ip", "10.0.0.1", "port", " 5000 "),
			[]connect.Address{{Protocol: "amqp", Host: "10.0.0.1", Port: 5000}},
		},
		"the port follows the protocol": {
			connection("protocol", "amqps", "host", "mq", "port", 0),
			[]connect.Address{{Protocol: "amqps", Host: "mq", Port: 5671}},
		},
		"several hosts, one with a port": {
			connection("host", "a, b:1234", "port", 5000),
			[]connect.Address{{Protocol: "amqp", Host: "a", Port: 5000}, {Protocol: "amqp", Host: "b", Port: 1234}},
		},
		"an IPv6 address": {
			connection("host", "::1"),
			[]connect.Address{{Protocol: "amqp", Host: "::1", Port: 5672}},
		},
		"a uri wins over the rest": {
			connection("uri", "amqps://u:p%40ss@mq:1/v%2Fh?heartbeat=5#x", "host", "other", "port", 7, "protocol", "nonsense"),
			[]connect.Address{{
				Protocol: "amqps", Host: "mq", Port: 1, Username: "u", Password: "p@ss", Path: "v/h",
				Query: url.Values{"heartbeat": {"5"}},
			}},
		},
		"a uri without scheme and port": {
			connection("uri", " mq "),
			[]connect.Address{{Protocol: "amqp", Host: "mq", Port: 5672}},
		},
		"several servers in a uri": {
			connection("uri", "amqp://u:p@a,b:2,[::1]:3/v"),
			[]connect.Address{
				{Protocol: "amqp", Host: "a", Port: 5672, Username: "u", Password: "p", Path: "v"},
				{Protocol: "amqp", Host: "b", Port: 2, Username: "u", Password: "p", Path: "v"},
				{Protocol: "amqp", Host: "::1", Port: 3, Username: "u", Password: "p", Path: "v"},
			},
		},
		"each server with the user": {
			connection("uri", "amqp://u:p@a,u:p@b"),
			[]connect.Address{
				{Protocol: "amqp", Host: "a", Port: 5672, Username: "u", Password: "p"},
				{Protocol: "amqp", Host: "b", Port: 5672, Username: "u", Password: "p"},
			},
		},
		"several uris": {
			connection("uri", "amqp://a:1, amqps://u@b"),
			[]connect.Address{{Protocol: "amqp", Host: "a", Port: 1}, {Protocol: "amqps", Host: "b", Port: 5671, Username: "u"}},
		},
		"a comma and an at sign in the password": {
			connection("uri", "amqp://u:p,w@d@a:1"),
			[]connect.Address{{Protocol: "amqp", Host: "a", Port: 1, Username: "u", Password: "p,w@d"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connect.Addresses([]*cconn.ConnectionParams{test.given}, protocols()...)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestConnectionsAreListedInTheirOrder(t *testing.T) {
	t.Parallel()
	got, err := connect.Addresses([]*cconn.ConnectionParams{connection("host", "b"), nil, connection("host", "a")}, protocols()...)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "b:5672", got[0].HostPort())
	require.Equal(t, "a:5672", got[1].HostPort())

	got, err = connect.Addresses(nil, protocols()...)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestAnyProtocolIsAcceptedIfNoneAreListed(t *testing.T) {
	t.Parallel()
	got, err := connect.Addresses([]*cconn.ConnectionParams{connection("uri", "gopher://h:70")})
	require.NoError(t, err)
	require.Equal(t, []connect.Address{{Protocol: "gopher", Host: "h", Port: 70}}, got)
}

func TestABadAddressIsAnErrorThatNamesKeyValueAndRemedy(t *testing.T) {
	t.Parallel()
	for want, given := range map[string]*cconn.ConnectionParams{
		`connection.host is not set; set it, connection.uri or connection.discovery_key`:                                               connection("port", 1),
		`connection.protocol: unknown protocol "amqqp"; did you mean amqp?`:                                                            connection("host", "h", "protocol", "amqqp"),
		`connection.protocol: unknown protocol "http"; choose from amqp, amqps`:                                                        connection("host", "h", "protocol", "http"),
		`connection.port: "abc" is not a port; write a number from 1 to 65535`:                                                         connection("host", "h", "port", "abc"),
		`connection.port: "-1" is not a port; write a number from 1 to 65535`:                                                          connection("host", "h", "port", -1),
		`connection.uri: "amqp://h:0": "0" is not a port; write a number from 1 to 65535`:                                              connection("uri", "amqp://h:0"),
		`connection.port: "65536" is not a port; write a number from 1 to 65535`:                                                       connection("host", "h", "port", 65536),
		`connection.host: it names no host`:                                                                                            connection("host", "a,,b"),
		`connection.host: "[::1" lacks the closing bracket of an IPv6 address`:                                                         connection("host", "[::1"),
		`connection.host: "[::1]5": write a colon between the address and the port`:                                                    connection("host", "[::1]5"),
		`connection.host: "a b" is not the name or address of a host; a whole URI goes to connection.uri`:                              connection("host", "a b"),
		`connection.uri: "http://h": protocol: unknown protocol "http"; choose from amqp, amqps`:                                       connection("uri", "http://h"),
		`connection.uri: "amqp://u:***@h:x": "x" is not a port; write a number from 1 to 65535`:                                        connection("uri", "amqp://u:s3cret@h:x"),
		`connection.uri: "amqp://": it names no host`:                                                                                  connection("uri", "amqp://"),
		`connection.uri: "amqp://u:***@h": the user or password is not escaped as it must be in a URI; write % as %25`:                 connection("uri", "amqp://u:s3%cret@h"),
		`connection.uri: "amqp://h/%": the path is not escaped as it must be in a URI; write % as %25`:                                 connection("uri", "amqp://h/%"),
		`connection.uri: "amqp://h?a=%": the parameters after ? are not escaped as they must be in a URI; write % as %25 and ; as %3B`: connection("uri", "amqp://h?a=%"),
		`connection.uri: "amqp://u:***@h": it can't be taken apart; write / ? # and @ in a password as %2F %3F %23 and %40`:            connection("uri", "amqp://u:s3/cret@h"),
	} {
		_, err := connect.Addresses([]*cconn.ConnectionParams{given}, protocols()...)
		require.EqualError(t, err, want)
	}
	_, err := connect.Addresses([]*cconn.ConnectionParams{connection("host", "amqp://u:s3cret@h")}, protocols()...)
	require.ErrorContains(t, err, "a whole URI goes to connection.uri")
	require.NotContains(t, err.Error(), "s3cret")
}

func TestEveryBadConnectionIsReportedWithItsPlace(t *testing.T) {
	t.Parallel()
	_, err := connect.Addresses([]*cconn.ConnectionParams{connection("port", 1), connection("host", "h"), connection("host", "h", "port", "x")}, protocols()...)
	require.EqualError(t, err, "connection 1 of 3: connection.host is not set; set it, connection.uri or connection.discovery_key\n"+
		`connection 3 of 3: connection.port: "x" is not a port; write a number from 1 to 65535`)
}

func TestAnAddressIsPrintedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	got, err := connect.Addresses([]*cconn.ConnectionParams{connection("uri", "amqp://u:s3%40cret@[::1]:1/v?token=t0ken")}, protocols()...)
	require.NoError(t, err)
	require.Equal(t, "amqp://u:s3%40cret@[::1]:1/v?token=t0ken", got[0].URL().String(), "for the client")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(verb, got[0]) + fmt.Sprintf(verb, got)
		require.Contains(t, shown, "u:***@[::1]:1/v", verb)
		require.NotContains(t, shown, "s3", verb)
		require.NotContains(t, shown, "t0ken", verb)
	}
}

func FuzzAddresses(f *testing.F) {
	f.Add("amqp://u:p@a:1,b/v?x=1", "h", "5")
	f.Add("", "a,[::1]:3", "")
	f.Add("://@,@", "", "x")
	f.Fuzz(func(t *testing.T, uri, host, port string) {
		got, err := connect.Addresses([]*cconn.ConnectionParams{connection("uri", uri, "host", host, "port", port)}, protocols()...)
		require.True(t, err != nil || len(got) > 0)
		for _, address := range got {
			require.NotEmpty(t, address.Host)
			require.True(t, address.Port > 0 && address.Port <= 65535)
			require.NotNil(t, address.URL())
		}
	})
}
