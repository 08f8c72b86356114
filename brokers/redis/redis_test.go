package redis

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// targetOf is what a queue with these settings connects to.
func targetOf(t *testing.T, connections []*cconn.ConnectionParams, credential *cauth.CredentialParams, options ...any) connect.Target {
	t.Helper()
	values, problems := config.Queue().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(options...))
	require.NoError(t, problems.Err())
	return connect.Target{Name: "queue Größe 1", Connections: connections, Credential: credential, Options: values}
}

// clientOptionsOf makes the client's options as connecting does.
func clientOptionsOf(target connect.Target) (*goredis.UniversalOptions, error) {
	servers, err := target.Servers(protocols()...)
	if err != nil {
		return nil, err
	}
	return clientOptions(target, servers)
}

func connectionTo(pairs ...any) []*cconn.ConnectionParams {
	return []*cconn.ConnectionParams{cconn.NewConnectionParamsFromTuples(pairs...)}
}

func TestComponentsAreDescribedWithoutMistakes(t *testing.T) {
	t.Parallel()
	components := Components()
	require.Len(t, components, 3)
	for _, component := range components {
		require.Empty(t, component.Lint(), component.String())
	}
}

func TestCapabilitiesOfAClosedQueue(t *testing.T) {
	t.Parallel()
	capabilities := NewRedisMessageQueue("orders").Capabilities()
	require.Empty(t, capabilities.Missing(queues.AllCapabilities()...))
	require.Equal(t, queues.DeadLetterAtomic, capabilities.DeadLetterKind())
}

func TestFactoryMakesEveryComponent(t *testing.T) {
	t.Parallel()
	test.CheckFactory(t, NewDefaultRedisFactory(), Components(), &RedisMessageQueue{}, &RedisMessageQueueFactory{}, &RedisConnection{})
}

func TestSettingsBecomeOptionsOfTheClient(t *testing.T) {
	t.Parallel()
	connections := append(connectionTo("host", "one,two", "port", 7000), connectionTo("uri", "rediss://ann:pw@three")...)
	credential := cauth.NewCredentialParamsFromTuples("username", "bob", "password", "secret")
	options, err := clientOptionsOf(targetOf(t, connections, credential, config.ConnectTimeout, 1500, optionRequestTimeout, 2500, optionMaxPoolSize, 7))
	require.NoError(t, err)
	require.Equal(t, []string{"one:7000", "two:7000", "three:6379"}, options.Addrs)
	require.Equal(t, []string{"bob", "secret"}, []string{options.Username, options.Password})
	require.NotNil(t, options.TLSConfig)
	require.Equal(t, []time.Duration{1500 * time.Millisecond, 2500 * time.Millisecond}, []time.Duration{options.DialTimeout, options.ReadTimeout})
	require.Equal(t, 7, options.PoolSize)
	require.Equal(t, -1, options.MaxRetries, "what got no answer is not sent again")
	require.Equal(t, "queue-Gr--e-1", clientName("queue Größe 1"))

	options, err = clientOptionsOf(targetOf(t, connectionTo("uri", "redis://ann:pw@host/3"), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"ann", "pw"}, []string{options.Username, options.Password})
	require.Equal(t, 3, options.DB)
	require.Nil(t, options.TLSConfig)

	options, err = clientOptionsOf(targetOf(t, connectionTo("host", "a,b", "port", 26379, "database", 2), nil, optionSentinelMaster, "main"))
	require.NoError(t, err)
	require.Equal(t, "main", options.MasterName)
	require.Equal(t, 2, options.DB)
}

func TestBadConnectionsAreRefusedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		connection []*cconn.ConnectionParams
		options    []any
		hint       string
	}{
		{connectionTo("uri", "mysql://ann:hunter2@host/db"), nil, "redis"},
		{connectionTo("uri", "redis://ann:hunter2@host/db"), nil, "connection.uri"},
		{connectionTo("host", "here", "port", "many"), nil, "port"},
		{connectionTo("host", "here", "database", -1), nil, "connection.database"},
		{connectionTo("host", "one,two", "database", 1), nil, "connection.database"},
		{connectionTo("host", "one", "database", 1), []any{optionCluster, true}, "connection.database"},
		{connectionTo("host", "one"), []any{optionCluster, true, optionSentinelMaster, "main"}, optionSentinelMaster},
		{connectionTo("host", "one", "tls.ca", "missing.pem"), nil, "tls.ca"},
	} {
		_, err := clientOptionsOf(targetOf(t, bad.connection, nil, bad.options...))
		require.ErrorIs(t, err, queues.ErrBadConfig, bad.hint)
		require.ErrorContains(t, err, bad.hint)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestKeysOfAQueueAndItsDeadLettersAreInOneSlot(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]string{
		"orders":           "shop:{orders}:stream",
		"orders.dead":      "shop:{orders}.dead:stream",
		"orders.dead.dead": "shop:{orders}.dead.dead:stream",
		".dead":            "shop:{.dead}:stream",
		"a}b.dead":         "shop:{a}b}.dead:stream",
		"or{ders":          "shop:{or{ders}:stream",
	} {
		keys, err := keysOf("shop:", name)
		require.NoError(t, err)
		require.Equal(t, stream, keys.stream())
		require.Len(t, keys, 9)
		for _, key := range keys {
			require.True(t, strings.HasPrefix(key, strings.TrimSuffix(stream, "stream")), key)
		}
		found, ok := queueOf("shop:", stream)
		require.True(t, ok)
		require.Equal(t, name, found)
	}
	for _, other := range []string{"{orders}:stream", "shop:orders:stream", "shop:{orders}:held", "shop:{orders}x:stream", "shop:{orders:stream"} {
		_, ok := queueOf("shop:", other)
		require.False(t, ok, other)
	}
	for prefix, name := range map[string]string{"a{": "orders", "": "}orders", "b": ""} {
		_, err := keysOf(prefix, name)
		require.ErrorIs(t, err, queues.ErrBadConfig)
	}
	require.Equal(t, `a\*\[b\]{*}*:stream`, streamPattern("a*[b]"))
}

func TestEntriesOfOthersAreMessages(t *testing.T) {
	t.Parallel()
	message, err := readEntry("1709208000123-4", []any{"order", "1", "h:order", "2", "h:", "", "sent_time", "2024-02-29T12:00:00.5", "tenant", "a"})
	require.NoError(t, err)
	require.Equal(t, "1709208000123-4", message.MessageId)
	require.Equal(t, map[string]string{"order": "2", "": "", "tenant": "a"}, message.Headers)
	require.Equal(t, time.Date(2024, 2, 29, 12, 0, 0, 500_000_000, time.UTC), message.SentTime)
	require.NotNil(t, message.Message)

	message, err = readEntry("1709208000123-4", []any{"h:x", "ours", "x", "not ours", "sent_time", "yesterday"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"x": "ours"}, message.Headers)
	require.Equal(t, time.UnixMilli(1709208000123).UTC(), message.SentTime)
	require.True(t, timeOf("5-1").IsZero())
	require.True(t, timeOf("x").IsZero())

	_, err = readEntry("1-1", []any{"message", 5})
	require.Error(t, err)
}

func TestFieldsAreBounded(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for len(many) <= maxHeaders {
		many[strings.Repeat("x", len(many))] = ""
	}
	_, err := appendFields(nil, &queues.MessageEnvelope{Headers: many}, 1<<20)
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	_, err = appendFields([]any{"a long one that is not of the message"}, &queues.MessageEnvelope{Headers: map[string]string{"a": "12345678901"}}, 10)
	require.ErrorIs(t, err, queues.ErrMessageTooLarge)
	fields, err := appendFields(nil, &queues.MessageEnvelope{MessageType: "t", Message: []byte{0, 255}}, 20)
	require.NoError(t, err)
	require.Equal(t, []any{"message_type", "t", "message", "\x00\xff"}, fields)
}

// answer is an error as the server gives it.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestErrorsOfTheServerHaveASentinel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"OOM command not allowed when used memory > 'maxmemory'.":           queues.ErrQueueFull,
		"WRONGPASS invalid username-password pair or user is disabled.":     queues.ErrNoConnection,
		"NOAUTH Authentication required.":                                   queues.ErrNoConnection,
		"NOPERM this user has no permissions to run the 'evalsha' command":  queues.ErrBadConfig,
		"WRONGTYPE Operation against a key holding the wrong kind of value": queues.ErrBadConfig,
		"ERR DB index is out of range":                                      queues.ErrBadConfig,
		"ERR Protocol error: invalid bulk length":                           queues.ErrMessageTooLarge,
		"ERR unknown command 'XAUTOCLAIM'":                                  queues.ErrNotSupported,
		"LOADING Redis is loading the dataset in memory":                    queues.ErrNoConnection,
		"READONLY You can't write against a read only replica.":             queues.ErrNoConnection,
		"CLUSTERDOWN The cluster is down":                                   queues.ErrNoConnection,
		"MISCONF Errors writing to the AOF file: No space left on device":   queues.ErrNoConnection,
		"ERR max number of clients reached":                                 queues.ErrNoConnection,
	} {
		require.ErrorIs(t, failure(t.Context(), answer(text)), want, text)
		require.False(t, isDoubtful(answer(text)))
	}
	require.Equal(t, answer("ERR x"), failure(t.Context(), answer("ERR x")))
	require.ErrorIs(t, failure(t.Context(), errors.New("connection reset")), queues.ErrNoConnection)
	require.True(t, isDoubtful(errors.New("connection reset")))
	require.NoError(t, failure(t.Context(), nil))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NotErrorIs(t, failure(ended, context.Canceled), queues.ErrNoConnection)
	require.ErrorIs(t, failure(t.Context(), context.DeadlineExceeded), queues.ErrNoConnection)
}

func TestOldServersAreRefused(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "7.0.0", "8.2.1", "10.0"} {
		require.NoError(t, checkVersion(version))
	}
	for _, version := range []string{"6.2.14", "5.0", "x"} {
		err := checkVersion(version)
		require.ErrorIs(t, err, queues.ErrNotSupported)
		require.ErrorContains(t, err, version)
	}
}

func TestTraitsFollowTheServerAndTheOptions(t *testing.T) {
	t.Parallel()
	options := func(pairs ...any) config.Values { return targetOf(t, nil, nil, pairs...).Options }
	traits := traitsOn(server{durable: true, maxString: 5}, options(config.ListenConcurrency, 8))
	require.True(t, traits.Durable)
	require.Equal(t, 5, traits.MaxMessageSize)
	require.Equal(t, 16, traits.Prefetch)
	require.Equal(t, mostTaken-1, traits.PrefetchMax)
	require.Zero(t, traitsOn(server{}, options()).Prefetch)
	require.False(t, traitsOn(server{}, options()).Durable)
	require.True(t, traitsOn(server{}, options(optionDurable, true)).Durable)
	require.False(t, traitsOn(server{durable: true}, options(optionDurable, false)).Durable)
}

func TestTimesAreWholeMilliseconds(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 1, milliseconds(time.Nanosecond))
	require.EqualValues(t, 2, milliseconds(time.Millisecond+1))
	require.EqualValues(t, longest.Milliseconds(), milliseconds(1<<63-1))
}

func TestNothingWorksOnAClosedStorage(t *testing.T) {
	t.Parallel()
	st := newStorage()
	require.ErrorIs(t, st.Put(t.Context(), &queues.MessageEnvelope{}), queues.ErrNotOpened)
	_, err := st.Take(t.Context(), make([]queues.Delivery, 1), true)
	require.ErrorIs(t, err, queues.ErrNotOpened)
	require.ErrorIs(t, st.Complete(t.Context(), &handle{}), queues.ErrNotOpened)
	require.ErrorIs(t, st.Extend(t.Context(), &handle{}, time.Second), queues.ErrNotOpened)
	require.ErrorIs(t, st.Purge(t.Context()), queues.ErrNotOpened)
	require.NoError(t, st.Close(t.Context()))
	_, err = NewRedisConnection().ReadQueueNames()
	require.ErrorIs(t, err, queues.ErrNotOpened)
}

func TestAnAnswerHasAWordForEachOfAGroup(t *testing.T) {
	t.Parallel()
	ours, err := readCompletion([]any{int64(1), int64(0)}, 2)
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, ours)
	_, err = readCompletion([]any{int64(1)}, 2)
	require.ErrorContains(t, err, "unexpected")
}
