package source_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/cmd/mq/internal/source"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

func load(t *testing.T, content string) *source.Catalog {
	file := ""
	if content != "" {
		file = filepath.Join(t.TempDir(), "config.yml")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	catalog, err := source.Load(t.Context(), source.Settings{File: file})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, catalog.Close(context.Background())) })
	return catalog
}

func TestAURLNamesServerQueueAndOptions(t *testing.T) {
	t.Parallel()
	catalog := load(t, "")
	for locator, want := range map[string]map[string]string{
		"nats://host:4222/orders":                             {"kind": "nats", "name": "orders", "connection.uri": "nats://host:4222"},
		"nats://u:p%40ss@host/orders/":                        {"kind": "nats", "name": "orders", "connection.uri": "nats://u:p%40ss@host"},
		"nats://a:1,b:2/orders?lock_timeout=5000":             {"kind": "nats", "name": "orders", "connection.uri": "nats://a:1,b:2", "options.lock_timeout": "5000"},
		"nats+tls://host/orders":                              {"kind": "nats", "name": "orders", "connection.uri": "tls://host"},
		"bare-nats://host/orders":                             {"kind": "bare-nats", "name": "orders", "connection.uri": "nats://host"},
		"nats://[::1]:4222/a%2Fb?options.storage=memory":      {"kind": "nats", "name": "a/b", "connection.uri": "nats://[::1]:4222", "options.storage": "memory"},
		"postgres://h/db/q?sslmode=disable&lock_timeout=5000": {"kind": "postgres", "name": "q", "connection.uri": "postgres://h/db?sslmode=disable", "options.lock_timeout": "5000"},
		"postgres://h/q?application_name=a%26b&database=db":   {"kind": "postgres", "name": "q", "connection.uri": "postgres://h?application_name=a%26b", "connection.database": "db"},
		"postgres://h/q?dbname=d&sslcert=a.pem&sslkey=b.pem":  {"kind": "postgres", "name": "q", "connection.uri": "postgres://h?dbname=d&sslcert=a.pem&sslkey=b.pem"},
		"mqtt+wss://h/mqtt/q?X-Signature=abc":                 {"kind": "mqtt", "name": "q", "connection.uri": "wss://h/mqtt?X-Signature=abc"},
		"amqps://h/q?vhost=v&tls.ca=ca.pem&heartbeat=5000":    {"kind": "rabbitmq", "name": "q", "connection.uri": "amqps://h", "connection.vhost": "v", "connection.tls.ca": "ca.pem", "options.heartbeat": "5000"},
		"nats://h/q?credential.token=t":                       {"kind": "nats", "name": "q", "connection.uri": "nats://h", "credential.token": "t"},
		"nats://host/virtual/orders?subject=a%26b":            {"kind": "nats", "name": "orders", "connection.uri": "nats://host/virtual", "subject": "a&b"},
		"memory:orders?max_deliveries=2":                      {"kind": "memory", "name": "orders", "options.max_deliveries": "2"},
		"nats://host/orders.dead":                             {"kind": "nats", "name": "orders.dead", "connection.uri": "nats://host"},
		"memory://orders":                                     {"kind": "memory", "name": "orders"},
	} {
		queue, err := catalog.Find(t.Context(), locator)
		require.NoError(t, err, locator)
		require.Equal(t, want["kind"], queue.Kind, locator)
		require.Equal(t, want["name"], queue.Name(), locator)
		for key, value := range want {
			if key != "kind" && key != "name" {
				require.Equal(t, value, queue.Params.GetAsString(key), "%s of %s", key, locator)
			}
		}
		require.NotContains(t, queue.Locator, "p%40ss")
	}
}

func TestABadURLIsALineThatSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	catalog := load(t, "")
	for locator, want := range map[string]string{
		"nats://host":                              "nats://host: write the queue's name after the server, as in nats://host/orders",
		"nats://u:secret@host/":                    "nats://u:***@host/: write the queue's name after the server, as in nats://host/orders",
		"nats:orders":                              "nats:orders: name the server; write nats://host:port/queue",
		"nats:///orders":                           "nats:///orders: name the server; write nats://host:port/queue",
		"nats+ftp://h/q":                           "nats+ftp://h/q: nats queues have no protocol ftp; they have nats, tls, ws, wss",
		"tls://h/q":                                "tls://h/q: tls may mean several kinds of queues; write nats+tls or bare-nats+tls or kafka+tls",
		"memory:":                                  "memory:: write the queue's name after the colon, as in memory:orders",
		"memory:orders?lock_timout=5":              "memory:orders?lock_timout=5: unknown option options.lock_timout; did you mean options.lock_timeout?",
		"nats://h/orders?lock_timout=5":            "nats://h/orders?lock_timout=5: unknown option options.lock_timout; did you mean options.lock_timeout?",
		"nats://h/orders?options.lock_timout=5":    "nats://h/orders?options.lock_timout=5: unknown option options.lock_timout; did you mean options.lock_timeout?",
		"nats://h/q?max_delivery=1&retry_dellay=5": "nats://h/q?max_delivery=1&retry_dellay=5: unknown option options.max_delivery; did you mean options.max_deliveries?",
		"amqp://h/orders?vhots=v":                  "amqp://h/orders?vhots=v: unknown option vhots; did you mean connection.vhost?",
		"postgres://h/orders?lock_timout=5":        "postgres://h/orders?lock_timout=5: unknown option options.lock_timout; did you mean options.lock_timeout?",
		"mqtt+ws://h/orders?max_delivery=5":        "mqtt+ws://h/orders?max_delivery=5: unknown option options.max_delivery; did you mean options.max_deliveries?",
		"nats://h/q?a=%zz":                         "nats://h/q?a=%zz: its parameters cannot be read; write ?name=value&name=value",
	} {
		_, err := catalog.Find(t.Context(), locator)
		require.ErrorIs(t, err, source.ErrName)
		require.EqualError(t, err, want)
	}
	_, err := catalog.Find(t.Context(), "carrier-pigeon://h/q")
	require.ErrorContains(t, err, "no queue is of kind carrier-pigeon; this mq has memory, nats")
	for _, locator := range []string{"memory:orders?nonsense", "nats://h/orders?nonsense=1", "redis://h/orders?host=other"} {
		_, err = catalog.Find(t.Context(), locator)
		require.ErrorIs(t, err, source.ErrName)
		require.ErrorContains(t, err, "; those known under options are ", locator)
	}
}

const shop = `
- descriptor: pip-services:connection:nats:default:1.0
  connection: {host: nowhere}
- descriptor: pip-services:message-queue:memory:orders:1.0
  options: {dead_letter_queue: failed}
- descriptor: pip-services:message-queue:memory:failed:1.0
- descriptor: pip-services:message-queue:nats:orders:1.0
  dependencies: {connection: "pip-services:connection:nats:default:1.0"}
- descriptor: pip-services:message-queue:memory:parcels:1.0
  queue: shipments
- descriptor: shop:worker:packer:default:1.0
- descriptor: pip-services:logger:unheard-of:default:1.0
`

func TestQueuesOfAFileAreFoundByNameAndDescriptor(t *testing.T) {
	t.Parallel()
	catalog := load(t, shop)
	require.Equal(t, []string{"orders", "failed", "orders", "shipments"}, catalog.Names())
	for locator, want := range map[string]string{
		"failed": "failed", "shipments": "shipments", "parcels": "shipments",
		"pip-services:message-queue:memory:orders:1.0": "orders", "*:message-queue:nats:*:*": "orders",
		"shipments.dead": "shipments.dead",
	} {
		queue, err := catalog.Find(t.Context(), locator)
		require.NoError(t, err, locator)
		require.Equal(t, want, queue.Name())
	}
	for locator, want := range map[string]string{
		"orders":  "orders: 2 queues answer to it; write the descriptor of one: pip-services:message-queue:memory:orders:1.0 or pip-services:message-queue:nats:orders:1.0",
		"shipmnt": "config.yml has no such queue; did you mean shipments?",
		"xyz":     "config.yml has no such queue; it has orders, failed, orders, shipments",
		"pip-services:message-queue:kafka:orders:1.0": "config.yml has no such queue; it has orders",
	} {
		_, err := catalog.Find(t.Context(), locator)
		require.ErrorIs(t, err, source.ErrName)
		require.ErrorContains(t, err, want)
	}
}

func TestADeadLetterQueueThatIsAnotherComponentIsOpenedToo(t *testing.T) {
	t.Parallel()
	catalog := load(t, shop)
	queue, err := catalog.Find(t.Context(), "pip-services:message-queue:memory:orders:1.0")
	require.NoError(t, err)
	require.NoError(t, queue.Open(t.Context()))
	require.NoError(t, queue.Send(t.Context(), "", queues.NewMessageEnvelope("", "", []byte("x"))))
	envelope, err := queue.Receive(t.Context(), "", 0)
	require.NoError(t, err)
	require.NoError(t, queue.MoveToDeadLetter(t.Context(), envelope))
	failed, err := catalog.Find(t.Context(), "failed")
	require.NoError(t, err)
	count, err := failed.ReadMessageCount()
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
}

func TestAQueueFactoryMakesQueuesThatTheFileDoesNotName(t *testing.T) {
	t.Parallel()
	catalog := load(t, "- descriptor: pip-services:queue-factory:memory:default:1.0\n  options: {max_deliveries: 2}\n")
	for _, locator := range []string{"orders", "pip-services:message-queue:memory:orders:1.0"} {
		queue, err := catalog.Find(t.Context(), locator)
		require.NoError(t, err)
		require.Equal(t, "orders", queue.Name())
		require.NoError(t, queue.Open(t.Context()))
	}
}

func TestAFileThatCannotBeUsedIsALineWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"not YAML":        {"- descriptor: [", "config.yml:1:1: error: not valid YAML"},
		"empty":           {"", "config.yml:1:1: error: is empty"},
		"an unknown kind": {"- descriptor: pip-services:message-queue:pigeon:orders:1.0\n", "this mq has no queues of kind pigeon; it has memory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "config.yml")
			require.NoError(t, os.WriteFile(file, []byte(test.content), 0o600))
			_, err := source.Load(t.Context(), source.Settings{File: file})
			require.ErrorIs(t, err, source.ErrFile)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := source.Load(t.Context(), source.Settings{File: "no/such.yml"})
	require.ErrorContains(t, err, "no/such.yml:1:1: error: cannot be read")
}

func TestOptionsOfTheCommandDoNotOverruleTheFileUnlessTheyMust(t *testing.T) {
	t.Parallel()
	catalog := load(t, "- descriptor: pip-services:message-queue:memory:orders:1.0\n  options: {lock_timeout: 5000}\n")
	queue, err := catalog.Find(t.Context(), "orders")
	require.NoError(t, err)
	queue.Set(t.Context(), "options.lock_timeout", "7000")
	queue.Set(t.Context(), "options.max_deliveries", "3")
	queue.Set(t.Context(), "options.unheard_of", "3")
	require.Equal(t, "5000", queue.Params.GetAsString("options.lock_timeout"))
	require.Equal(t, "3", queue.Params.GetAsString("options.max_deliveries"))
	queue.Force(t.Context(), "options.lock_timeout", "7000")
	require.Equal(t, "7000", queue.Params.GetAsString("options.lock_timeout"))
	require.NoError(t, queue.Open(t.Context()))
}
