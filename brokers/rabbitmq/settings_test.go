package rabbitmq

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/config"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/connect"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

func settingsWith(t *testing.T, tuples ...any) (settings, error) {
	values, problems := config.Queue().With(queueOptions()...).Parse(cconf.NewConfigParamsFromTuples(tuples...))
	require.NoError(t, problems.Err())
	return settingsOf("orders", values, false)
}

func TestTheQueueTypeFollowsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	s, err := settingsWith(t)
	require.NoError(t, err)
	require.Equal(t, queueTypeQuorum, s.queueType)
	require.True(t, s.isDurable())
	for _, option := range []any{optionExclusive, optionAutoDelete} {
		s, err = settingsWith(t, option, true)
		require.NoError(t, err)
		require.Equal(t, queueTypeClassic, s.queueType)
		require.False(t, s.isDurable())
		_, err = settingsWith(t, option, true, optionQueueType, queueTypeQuorum)
		require.ErrorIs(t, err, queues.ErrBadConfig)
	}
	s, err = settingsWith(t, optionPersistent, false)
	require.NoError(t, err)
	require.Equal(t, queueTypeClassic, s.queueType)
}

func TestComponentsAreDescribedAndMade(t *testing.T) {
	t.Parallel()
	for _, component := range Components() {
		require.Empty(t, component.Lint())
	}
	test.CheckFactory(t, NewDefaultRabbitMQFactory(), Components(), &RabbitMQMessageQueue{}, &RabbitMQMessageQueueFactory{}, &RabbitMQConnection{})
}

func TestAnswersOfTheServerAreClassified(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		code int
		want error
	}{
		"ACCESS_REFUSED - Login was refused":                                            {403, queues.ErrNoConnection},
		"ACCESS_REFUSED - access to queue 'a' in vhost '/' refused for user 'u'":        {403, queues.ErrBadConfig},
		"NOT_ALLOWED - vhost nowhere not found":                                         {530, queues.ErrNoConnection},
		"NOT_FOUND - no queue 'a' in vhost '/'":                                         {404, queues.ErrBadConfig},
		"NOT_FOUND - queue 'a' in vhost '/' process is stopped or down or inaccessible": {404, queues.ErrNoConnection},
		"RESOURCE_LOCKED - cannot obtain exclusive access":                              {405, queues.ErrBadConfig},
		"PRECONDITION_FAILED - inequivalent arg 'durable'":                              {406, queues.ErrBadConfig},
		"PRECONDITION_FAILED - message size 2 is larger than configured max size 1":     {406, queues.ErrMessageTooLarge},
		"PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out":         {406, queues.ErrLockLost},
		"CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'":   {320, queues.ErrNoConnection},
		"INTERNAL_ERROR": {541, queues.ErrNoConnection},
	} {
		err := failure(&amqp.Error{Code: test.code, Reason: reason, Server: true})
		require.ErrorIs(t, err, test.want, reason)
		require.Equal(t, err, failure(err), "once")
	}
	require.ErrorIs(t, failure(errors.New("broken pipe")), queues.ErrNoConnection)
	require.NoError(t, failure(nil))
}

func TestTheManagementPluginListsQueues(t *testing.T) {
	t.Parallel()
	plugin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case user != "u" || password != "p":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.EscapedPath() != "/api/queues/a%2Fb":
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(`[{"name":"orders"},{"name":"invoices"}]`))
		}
	}))
	t.Cleanup(plugin.Close)
	l := &link{dialer: &dialer{vhost: "a/b", servers: connect.Servers{Username: "u", Password: "p"}}}
	names, err := l.listQueues(t.Context(), plugin.URL+"/")
	require.NoError(t, err)
	require.Equal(t, []string{"invoices", "orders"}, names)
	l.dialer.servers.Password = "wrong"
	_, err = l.listQueues(t.Context(), plugin.URL)
	require.ErrorIs(t, err, queues.ErrNoConnection)
	require.ErrorContains(t, err, "management")
	_, err = l.listQueues(t.Context(), "localhost:15672")
	require.ErrorIs(t, err, queues.ErrBadConfig)
}
