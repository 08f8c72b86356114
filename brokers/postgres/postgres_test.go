package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	cauth "github.com/pip-services3-gox/pip-services3-components-gox/auth"
	cconn "github.com/pip-services3-gox/pip-services3-components-gox/connect"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func defaults(t *testing.T, pairs ...any) config.Values {
	t.Helper()
	values, problems := config.Queue().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(pairs...))
	require.NoError(t, problems.Err())
	return values
}

func TestComponentsAreDescribedWithoutMistakes(t *testing.T) {
	t.Parallel()
	for _, component := range Components() {
		require.Empty(t, component.Lint(), component.String())
	}
}

func TestCapabilitiesOfAClosedQueue(t *testing.T) {
	t.Parallel()
	capabilities := NewPostgresMessageQueue("orders").Capabilities()
	require.Empty(t, capabilities.Missing(queues.AllCapabilities()...))
	require.Equal(t, queues.DeadLetterAtomic, capabilities.DeadLetterKind())
}

func TestFactoryMakesEveryComponent(t *testing.T) {
	t.Parallel()
	test.CheckFactory(t, NewDefaultPostgresFactory(), Components(), &PostgresMessageQueue{}, &PostgresMessageQueueFactory{}, &PostgresConnection{})
}

// poolConfigOf makes the client's configuration as connecting does.
func poolConfigOf(target connect.Target) (*pgxpool.Config, error) {
	servers, err := target.Servers(protocols()...)
	if err != nil {
		return nil, err
	}
	return poolConfig(target, servers)
}

func TestConnectionsBecomeHostsOfOneClient(t *testing.T) {
	t.Parallel()
	connections := []*cconn.ConnectionParams{
		cconn.NewConnectionParamsFromTuples("host", "one", "database", "queues"),
		cconn.NewConnectionParamsFromTuples("uri", "postgres://ann:pw@two:5433/ignored?application_name=mine"),
	}
	credential := cauth.NewCredentialParamsFromTuples("username", "bob", "password", `it's a \ secret`)
	cfg, err := poolConfigOf(connect.Target{Connections: connections, Credential: credential, Options: defaults(t, optionMaxPoolSize, 3, config.ConnectTimeout, 1500)})
	require.NoError(t, err)
	conn := cfg.ConnConfig
	require.Equal(t, "one", conn.Host)
	require.EqualValues(t, 5432, conn.Port)
	require.Equal(t, "queues", conn.Database)
	require.Equal(t, "bob", conn.User)
	require.Equal(t, `it's a \ secret`, conn.Password)
	require.Equal(t, "mine", conn.RuntimeParams["application_name"])
	require.Equal(t, "off", conn.RuntimeParams["enable_seqscan"])
	require.NotNil(t, conn.ValidateConnect, "of several hosts one that can write is wanted")
	require.Equal(t, 1500*time.Millisecond, conn.ConnectTimeout)
	require.EqualValues(t, 3, cfg.MaxConns)
	var hosts []string
	for _, fallback := range conn.Fallbacks {
		hosts = append(hosts, fallback.Host)
	}
	require.Contains(t, hosts, "two")
}

func TestBadConnectionsAreRefusedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		key, value, hint string
	}{
		{"uri", "postgres://ann:hunter2@host/db?sslmode=maybe", "sslmode"},
		{"uri", "mysql://ann:hunter2@host/db", "postgres"},
		{"port", "many", "port"},
	} {
		connection := cconn.NewConnectionParamsFromTuples("host", "here", bad.key, bad.value)
		_, err := poolConfigOf(connect.Target{Connections: []*cconn.ConnectionParams{connection}, Options: defaults(t)})
		require.ErrorIs(t, err, queues.ErrBadConfig, bad.value)
		require.ErrorContains(t, err, bad.hint)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestErrorsOfTheServerHaveASentinel(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"28P01": queues.ErrNoConnection, "57P01": queues.ErrNoConnection, "08006": queues.ErrNoConnection, "25006": queues.ErrNoConnection,
		"53300": queues.ErrNoConnection, "42501": queues.ErrBadConfig, "42P01": queues.ErrBadConfig, "22021": queues.ErrBadMessage, "54000": queues.ErrMessageTooLarge,
	} {
		require.ErrorIs(t, failure(t.Context(), &pgconn.PgError{Code: code}), want, code)
	}
	other := &pgconn.PgError{Code: "53100"}
	require.Equal(t, error(other), failure(t.Context(), other))
	require.ErrorIs(t, failure(t.Context(), errors.New("connection reset")), queues.ErrNoConnection)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NotErrorIs(t, failure(ended, context.Canceled), queues.ErrNoConnection)
}

func TestOldServersAreRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, checkServer("150018"))
	err := checkServer("110022")
	require.ErrorIs(t, err, queues.ErrNotSupported)
	require.ErrorContains(t, err, "110022")
}

func TestTableNamesAreChecked(t *testing.T) {
	t.Parallel()
	db := &database{schema: "public"}
	for _, bad := range []string{strings.Repeat("x", 56), "a\x00b"} {
		_, err := naming{table: bad}.find(db)
		require.ErrorIs(t, err, queues.ErrBadConfig)
		require.ErrorContains(t, err, optionTable)
	}
	_, err := naming{table: "messages"}.find(&database{})
	require.ErrorContains(t, err, optionSchema)
	found, err := naming{table: "messages"}.find(db)
	require.NoError(t, err)
	require.Equal(t, "public.messages", found.String())
}

func TestAQueueTakesTheTableOfItsConnection(t *testing.T) {
	t.Parallel()
	theirs := defaults(t, optionTable, "theirs", optionAutoCreate, false)
	names := namingOf(defaults(t, optionSchema, "mine"), theirs)
	require.Equal(t, "mine", names.schema)
	require.Equal(t, "theirs", names.table)
	require.False(t, names.autoCreate)
}

func TestPlacesOfOneSenderNeverGoBack(t *testing.T) {
	t.Parallel()
	var p places
	now := time.Now()
	p.given(now)
	first := p.least()
	require.True(t, first.After(now.Truncate(time.Microsecond)))
	p.given(now.Add(-time.Hour)) // the clock of the server was set back
	require.Equal(t, first, p.least())
}

func TestHeadersOfOthersAreRead(t *testing.T) {
	t.Parallel()
	require.Nil(t, parseHeaders(nil))
	require.Equal(t, map[string]string{"a": "b"}, parseHeaders([]byte(`{"a":"b"}`)))
	require.Equal(t, map[string]string{"a": "b", "n": "1", "o": `{"x":null}`}, parseHeaders([]byte(`{"a":"b","n":1,"o":{"x":null}}`)))
	require.Nil(t, parseHeaders([]byte(`[1,2]`)))
}

func TestTheAlarmRingsAtTheEarliestTime(t *testing.T) {
	t.Parallel()
	rung := make(chan struct{}, 10)
	a := &alarm{ring: func() { rung <- struct{}{} }}
	a.within(longest * 2)
	a.within(10 * time.Millisecond)
	a.within(time.Hour)
	select {
	case <-rung:
	case <-time.After(5 * time.Second):
		t.Fatal("the alarm does not ring")
	}
	a.disarm()
	a.within(time.Millisecond)
	require.Empty(t, rung)
}

func TestNothingWorksOnAClosedStorage(t *testing.T) {
	t.Parallel()
	st := newStorage()
	require.ErrorIs(t, st.Put(t.Context(), &queues.MessageEnvelope{}), queues.ErrNotOpened)
	_, err := st.Take(t.Context(), make([]queues.Delivery, 1), true)
	require.ErrorIs(t, err, queues.ErrNotOpened)
	require.ErrorIs(t, st.Complete(t.Context(), &handle{}), queues.ErrNotOpened)
	require.NoError(t, st.Close(t.Context()))
	queue := NewPostgresMessageQueue("orders")
	require.ErrorIs(t, queue.SendTx(t.Context(), nil, "", &queues.MessageEnvelope{}), queues.ErrBadMessage)
	_, err = NewPostgresConnection().ReadQueueNames()
	require.ErrorIs(t, err, queues.ErrNotOpened)
}
