package servertest

import (
	"strings"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

const secret = "do-not-print-me"

func TestOpenSaysWhatIsWrongInProcess(t *testing.T) {
	t.Parallel()
	t.Run("an unprotected broker", func(t *testing.T) { checkOpening(t, startBroker(t)) })
	t.Run("a broker that asks for a password", func(t *testing.T) {
		checkCredentials(t, startBroker(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "tester", secret), kfake.Superuser("SCRAM-SHA-256", "tester", secret), kfake.Superuser("SCRAM-SHA-512", "tester", secret)))
	})
	t.Run("a broker that is too old", func(t *testing.T) {
		config := startBroker(t, kfake.MaxVersions(kversion.V3_8_0()))
		checkRefused(t, config, queues.ErrNotSupported, "options.mode is share, which needs a cluster of Kafka 4.2", "options.mode", "share")
		queue := openQueue(t, "old", config)
		require.Equal(t, "group", queue.Mode(), "without a demand the queue makes do")
		require.NoError(t, queue.Send(t.Context(), "", test.Text("A")))
		require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)))
	})
}

// checkRefused opens a queue that cannot be opened, with an error that is sentinel and says text.
func checkRefused(t testing.TB, config *cconf.ConfigParams, sentinel error, text string, options ...any) {
	t.Helper()
	const limit = 3 * time.Second // and a second to say so
	params := test.With(config, "options.connect_timeout", limit.Milliseconds())
	err := test.Refused(t, newQueue("wrong", test.With(params, options...)), limit+time.Second, sentinel, text)
	require.NotContains(t, err.Error(), secret)
}

// checkOpening checks what Open says of settings that are wrong.
func checkOpening(t *testing.T, config *cconf.ConfigParams) {
	t.Helper()
	for name, wrong := range map[string]struct {
		options  []any
		sentinel error
		text     string
	}{
		"nobody listens there":              {[]any{"connection.uri", "tcp://127.0.0.1:1"}, queues.ErrNoConnection, "check connection.host and connection.port"},
		"there is no such host":             {[]any{"connection.uri", "tcp://no-such-host.invalid:9092"}, queues.ErrNoConnection, "check connection.host and connection.port"},
		"the protocol is another":           {[]any{"connection.uri", "amqp://127.0.0.1:9092"}, queues.ErrBadConfig, "unknown protocol"},
		"the topic is missing":              {[]any{"options.auto_create", false}, queues.ErrBadConfig, "options.auto_create"},
		"the topic cannot be named so":      {[]any{"topic", "a b"}, queues.ErrBadConfig, "set topic"},
		"the mechanism is unknown":          {[]any{"credential.username", "u", "credential.password", secret, "credential.mechanism", "magic"}, queues.ErrBadConfig, "magic"},
		"the mode is unknown":               {[]any{"options.mode", "shared"}, queues.ErrBadConfig, "did you mean share?"},
		"order is wanted of a share group":  {[]any{"options.mode", "share", "options.order_by", "correlation_id"}, queues.ErrBadConfig, "needs options.mode: group"},
		"what gives the order is unknown":   {[]any{"options.order_by", "color"}, queues.ErrBadConfig, "header:NAME"},
		"there is no such partition":        {[]any{"options.write_partition", 7}, queues.ErrBadConfig, "partitions 0 to 0"},
		"more replicas than brokers":        {[]any{"topic", "replicated", "options.replication_factor", 5}, queues.ErrBadConfig, "options.replication_factor"},
		"a capability is missing in a mode": {[]any{"options.mode", "share", "options.require", "ordering"}, queues.ErrNotSupported, "ordering"},
	} {
		t.Run(name, func(t *testing.T) { checkRefused(t, config, wrong.sentinel, wrong.text, wrong.options...) })
	}
	t.Run("a message over the broker's limit", func(t *testing.T) {
		queue := openQueue(t, "large", config)
		err := queue.Send(t.Context(), "", test.Text(strings.Repeat("x", 2<<20)))
		require.ErrorIs(t, err, queues.ErrMessageTooLarge)
		envelope := test.Text("small")
		envelope.Headers = map[string]string{"large": strings.Repeat("x", 2<<20)} // which only the broker can tell
		err = queue.Send(t.Context(), "", envelope)
		require.ErrorIs(t, err, queues.ErrMessageTooLarge)
		require.ErrorContains(t, err, "max.message.bytes")
	})
	t.Run("a message over the usual limit fits if the queue says so", func(t *testing.T) {
		queue := openQueue(t, "larger", config.Override(cconf.NewConfigParamsFromTuples("options.max_message_size", 3<<20)))
		require.NoError(t, queue.Send(t.Context(), "", test.Text(strings.Repeat("x", 3<<20))))
		require.Len(t, test.Receive(t, queue, 20*time.Second).Message, 3<<20)
	})
}

// checkCredentials checks whom a broker lets in.
func checkCredentials(t *testing.T, config *cconf.ConfigParams) {
	t.Helper()
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		right := config.Override(cconf.NewConfigParamsFromTuples("credential.username", "tester", "credential.password", secret, "credential.mechanism", mechanism))
		queue := openQueue(t, "secured-"+mechanism, right)
		require.NoError(t, queue.Send(t.Context(), "", test.Text("A")))
		require.NoError(t, queue.Complete(t.Context(), test.Receive(t, queue, 20*time.Second)))

		checkRefused(t, right, queues.ErrNoConnection, "credential.password", "credential.password", "wrong-"+secret)
	}
	checkRefused(t, config, queues.ErrNoConnection, "") // without a user
}
