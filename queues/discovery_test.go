package queues_test

import (
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cref "github.com/pip-services3-gox/pip-services3-commons-gox/refer"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/assert/yaml"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// wire does what a container does with a file: it makes the stock discovery and credential store, and one
// queue over storage, from their entries, and gives each the references to all.
func wire(t *testing.T, text string, storage queues.Storage, others ...any) *queues.MessageQueue {
	t.Helper()
	var entries []any
	require.NoError(t, yaml.Unmarshal([]byte(text), &entries))
	references := referencesTo(t, others...)
	var queue *queues.MessageQueue
	for _, entry := range entries {
		params := cconf.NewConfigParamsFromValue(entry)
		descriptor, err := cref.ParseDescriptorFromString(params.GetAsString("descriptor"))
		require.NoError(t, err)
		var component any
		switch descriptor.Type() {
		case "discovery":
			component = cconn.NewMemoryDiscovery(t.Context(), params)
		case "credential-store":
			component = cauth.NewMemoryCredentialStore(t.Context(), params)
		case "message-queue":
			queue = queues.InheritMessageQueueWithStorage(nil, descriptor.Name(), storage)
			queue.Configure(t.Context(), params)
			component = queue
		default:
			t.Fatalf("nobody makes %s", descriptor)
		}
		references.Put(t.Context(), descriptor, component)
	}
	queue.SetReferences(t.Context(), references)
	return queue
}

const (
	fakeOrders  = "- descriptor: pip-services:message-queue:fake:orders:1.0\n"
	discoveries = "- descriptor: pip-services:discovery:memory:default:1.0\n  connections:\n    mq: {host: found, port: 5000}\n    other: {host: no}\n"
	stores      = "- descriptor: pip-services:credential-store:memory:default:1.0\n  login: {username: me, password: s3cr3t}\n  other: {username: no}\n"
)

func TestAQueueGetsWhatDiscoveryAndTheCredentialStoreKnow(t *testing.T) {
	t.Parallel()
	storage := newFakeStorage(queues.Traits{NeedsServer: true})
	queue := wire(t, discoveries+stores+fakeOrders+
		"  connection: {discovery_key: mq, protocol: fake, tls: {ca: ca.pem}}\n  credential: {store_key: login}\n", storage)
	require.NoError(t, queue.Open(t.Context(), "123"))
	defer func() { require.NoError(t, queue.Close(t.Context(), "123")) }()
	require.Len(t, storage.params.Connections, 1)
	connection := storage.params.Connections[0]
	require.Equal(t, "found", connection.Host())
	require.Equal(t, 5000, connection.Port())
	require.Equal(t, "fake", connection.Protocol(), "what is set beside the key holds too")
	require.Equal(t, "ca.pem", connection.GetAsString("tls.ca"))
	require.Equal(t, "me", storage.params.Credential.Username())
	require.Equal(t, "s3cr3t", storage.params.Credential.Password())
}

func TestAQueueGetsSeveralConnectionsInTheirOrder(t *testing.T) {
	t.Parallel()
	storage := newFakeStorage(queues.Traits{NeedsServer: true})
	queue := wire(t, discoveries+fakeOrders+
		"  connections:\n  - {uri: \"fake://c,d\"}\n  - {host: b}\n  - {discovery_key: mq}\n  - {host: a}\n  credentials: [{username: first}, {username: second}]\n", storage)
	for range 3 { // opening again changes nothing
		require.NoError(t, queue.Open(t.Context(), "123"))
		var got []string
		for _, connection := range storage.params.Connections {
			got = append(got, connection.Uri()+connection.Host())
		}
		require.Equal(t, []string{"fake://c,d", "b", "found", "a"}, got)
		require.Equal(t, "first", storage.params.Credential.Username())
		require.NoError(t, queue.Close(t.Context(), "123"))
	}
}

func TestAKeyThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	const host = "  connection: {host: h}\n"
	for name, test := range map[string]struct {
		text, want string
		kind       error
	}{
		"none configured":      {fakeOrders, "queue orders: no connection: connection parameters are not set; set connection.host", queues.ErrNoConnection},
		"no discovery":         {fakeOrders + "  connection: {discovery_key: mq}\n", `connection.discovery_key: there is no discovery component to ask for "mq"`, queues.ErrNoConnection},
		"unknown to discovery": {discoveries + fakeOrders + "  connection: {discovery_key: qm}\n", `queue orders: no connection: resolving the connection: connection.discovery_key: discovery does not know "qm"`, queues.ErrNoConnection},
		"one of several":       {discoveries + fakeOrders + "  connections: [{host: h}, {discovery_key: qm}]\n", `connections.1.discovery_key: discovery does not know "qm"`, queues.ErrNoConnection},
		"no store":             {fakeOrders + host + "  credential: {store_key: login}\n", `credential.store_key: there is no credential store to ask for "login"`, queues.ErrBadConfig},
		"unknown to the store": {stores + fakeOrders + host + "  credential: {store_key: logn}\n", `credential.store_key: no credential store knows "logn"`, queues.ErrBadConfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage := newFakeStorage(queues.Traits{NeedsServer: true})
			err := wire(t, test.text, storage).Open(t.Context(), "123")
			require.ErrorIs(t, err, test.kind)
			require.ErrorContains(t, err, test.want)
			require.Empty(t, storage.called(), "the storage was not opened")
		})
	}
}

func TestAQueueThatNeedsNoServerDoesNotAskForOne(t *testing.T) {
	t.Parallel()
	storage := newFakeStorage(queues.Traits{})
	queue := wire(t, fakeOrders+"  connection: {discovery_key: mq}\n  credential: {store_key: login}\n", storage)
	require.NoError(t, queue.Open(t.Context(), "123"))
	require.Empty(t, storage.params.Connections)
	require.Nil(t, storage.params.Credential)
	require.NoError(t, queue.Close(t.Context(), "123"))
}
