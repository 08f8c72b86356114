package connect_test

import (
	"context"
	"errors"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/assert/yaml"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
)

// inFile reads YAML into the form that a container's reader gives it.
func inFile(t *testing.T, text string) *cconf.ConfigParams {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(text), &value))
	return cconf.NewConfigParamsFromValue(value)
}

func discovery(t *testing.T, text string) *cconn.MemoryDiscovery {
	t.Helper()
	return cconn.NewMemoryDiscovery(t.Context(), inFile(t, text))
}

func store(t *testing.T, text string) *cauth.MemoryCredentialStore {
	t.Helper()
	return cauth.NewMemoryCredentialStore(t.Context(), inFile(t, text))
}

// container is references to these components.
func container(t *testing.T, components ...any) cref.IReferences {
	t.Helper()
	references := cref.NewReferences(t.Context(), nil)
	for _, component := range components {
		typ := "credential-store"
		if _, ok := component.(cconn.IDiscovery); ok {
			typ = "discovery"
		}
		references.Put(t.Context(), cref.NewDescriptor("pip-services", typ, "memory", "default", "1.0"), component)
	}
	return references
}

func hosts(connections []*cconn.ConnectionParams) (found []string) {
	for _, connection := range connections {
		found = append(found, connection.Host())
	}
	return found
}

func TestConnectionsComeFromTheConfiguration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a: 1":                  nil,
		"connection: {host: a}": {"a"},
		"connections: [{host: c}, {host: a}, {host: b}, {host: e}, {host: d}, {host: f}, {host: g}, {host: h}, {host: i}, {host: j}, {host: k}]": {"c", "a", "b", "e", "d", "f", "g", "h", "i", "j", "k"},
		"connections: {z: {host: c}, a: {host: a}, m: {host: b}}":                                                                                {"a", "b", "c"},
		"connection: {host: other}\nconnections: {z: {host: c}}":                                                                                 {"c"},
		"connection: {host: other, discovery_key: \"\"}\nconnections: \"\"\n":                                                                    {"other"},
	} {
		for range 5 { // the toolkit's order would differ
			connections, err := connect.Connections("123", inFile(t, text), nil)
			require.NoError(t, err)
			require.Equal(t, want, hosts(connections), text)
		}
	}
	connections, err := connect.Connections("123", nil, nil)
	require.NoError(t, err)
	require.Empty(t, connections)
}

func TestConnectionsComeFromDiscovery(t *testing.T) {
	t.Parallel()
	first := discovery(t, "connections:\n  mq: {host: first, port: 1}\n  other: {host: no}\n")
	second := discovery(t, "connections: {mq: {host: second, tls: {ca: theirs.pem}}}\n")
	_, err := second.Register("123", "mq", cconn.NewConnectionParamsFromTuples("host", "third"))
	require.NoError(t, err)

	connections, err := connect.Connections("123", inFile(t,
		"connections:\n- host: own\n- {discovery_key: mq, port: 5, tls: {ca: ours.pem}}\n"), container(t, first, second))
	require.NoError(t, err)
	require.Equal(t, []string{"own", "first", "second", "third"}, hosts(connections))
	require.Equal(t, 1, connections[1].Port(), "what discovery says wins")
	require.Equal(t, 5, connections[2].Port(), "what it does not say holds from the file")
	require.Equal(t, "ours.pem", connections[1].GetAsString("tls.ca"))
	require.Equal(t, "theirs.pem", connections[2].GetAsString("tls.ca"))

	again, err := connect.Connections("123", inFile(t, "connection: {discovery_key: mq}\n"), container(t, first))
	require.NoError(t, err)
	require.Empty(t, again[0].GetAsString("tls.ca"), "what discovery keeps was not touched")
}

func TestAKeyThatDiscoveryDoesNotKnowIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	params := inFile(t, "connections: [{discovery_key: mq1}, {discovery_key: mq2}, {host: h}]\n")
	_, err := connect.Connections("123", params, container(t, discovery(t, "connections: {mq2: {host: a}}")))
	require.EqualError(t, err, `connections.0.discovery_key: discovery does not know "mq1"; register it there, or correct the key`)
	for _, references := range []cref.IReferences{nil, container(t)} {
		_, err = connect.Connections("123", inFile(t, "connection: {discovery_key: mq1}"), references)
		require.EqualError(t, err, `connection.discovery_key: there is no discovery component to ask for "mq1"; add one to the container, such as pip-services:discovery:memory:default:1.0`)
	}
	_, err = connect.Connections("123", inFile(t, "connection: {discovery_key: mq1}"), container(t, failing{}))
	require.ErrorIs(t, err, errDown)
	require.EqualError(t, err, `connection.discovery_key: asking discovery for "mq1": server is down`)
}

var errDown = errors.New("server is down")

// failing is a discovery and a store that cannot be reached.
type failing struct{ cconn.IDiscovery }

func (failing) ResolveAll(string, string) ([]*cconn.ConnectionParams, error) { return nil, errDown }

type failingStore struct{ cauth.ICredentialStore }

func (failingStore) Lookup(context.Context, string, string) (*cauth.CredentialParams, error) {
	return nil, errDown
}

func TestTheCredentialComesFromTheConfigurationOrAStore(t *testing.T) {
	t.Parallel()
	references := container(t,
		store(t, "a: {username: stored-a, password: x}\n"),
		store(t, "b: {username: stored-b}\na: {username: shadowed}\n"),
	)
	for text, want := range map[string]string{
		"credential: {username: own}":                                   "own",
		"credential: {username: own, store_key: \"\"}":                  "own",
		"credential: {store_key: a}":                                    "stored-a",
		"credential: {store_key: b}":                                    "stored-b",
		"credentials: [{store_key: missing}, {store_key: b}]":           "stored-b",
		"credentials: {z: {username: z}, a: {username: first}}":         "first",
		"credentials: [{store_key: b}, {username: own}]":                "own",
		"credential: {username: no}\ncredentials: [{username: plural}]": "plural",
	} {
		credential, err := connect.Credential(t.Context(), "123", inFile(t, text), references)
		require.NoError(t, err, text)
		require.Equal(t, want, credential.Username(), text)
	}
	credential, err := connect.Credential(t.Context(), "123", inFile(t, "a: 1"), references)
	require.NoError(t, err)
	require.Nil(t, credential)
}

func TestAKeyThatNoStoreKnowsIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	params := inFile(t, "credential: {store_key: login}")
	_, err := connect.Credential(t.Context(), "123", params, container(t, store(t, "other: {username: me, password: s3cret}")))
	require.EqualError(t, err, `credential.store_key: no credential store knows "login"; store it there, or correct the key`)
	for _, references := range []cref.IReferences{nil, container(t)} {
		_, err = connect.Credential(t.Context(), "123", params, references)
		require.EqualError(t, err, `credential.store_key: there is no credential store to ask for "login"; add one to the container, such as pip-services:credential-store:memory:default:1.0`)
	}
	_, err = connect.Credential(t.Context(), "123", params, container(t, failingStore{}))
	require.ErrorIs(t, err, errDown)
}
