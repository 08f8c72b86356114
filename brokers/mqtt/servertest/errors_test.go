package servertest

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	cconf "github.com/pip-services3-gox/pip-services3-commons-gox/config"
	"github.com/stretchr/testify/require"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
	"github.com/pip-services3-gox/pip-services3-messaging-gox/test"
)

// wrongSetting is a queue that cannot be opened, and what must be said about it.
type wrongSetting struct {
	name     string
	params   *cconf.ConfigParams
	sentinel error
	hints    []string
}

func checkRefused(t *testing.T, wrong wrongSetting) {
	t.Helper()
	t.Run(wrong.name, func(t *testing.T) {
		t.Parallel()
		// A name of its own: two that connect at the same time would throw each other out of the session.
		queue := newQueue("refused-"+strings.NewReplacer(" ", "-", ",", "").Replace(wrong.name), test.With(wrong.params, "options.connect_timeout", 2000))
		err := test.Refused(t, queue, 4*time.Second, wrong.sentinel, wrong.hints...)
		require.NotContains(t, err.Error(), "hunter2")
	})
}

// answering is a server that gives one answer to whoever connects.
func answering(t *testing.T, answer []byte) *cconf.ConfigParams {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 1024)
			if _, err := conn.Read(request); err == nil && answer != nil {
				_, _ = conn.Write(answer)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-ended
	})
	return configAt(listener.Addr().(*net.TCPAddr).Port)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	params := inProcess(t)
	for _, wrong := range []wrongSetting{
		{"no such host", test.With(params, "connection.host", "no-such-host.invalid"), queues.ErrNoConnection, []string{"no-such-host.invalid"}},
		{"nobody listens", test.With(params, "connection.port", 1), queues.ErrNoConnection, []string{"127.0.0.1:1"}},
		{"nobody listens, tried once", test.With(params, "connection.port", 1, "options.retry_connect", false), queues.ErrNoConnection, []string{"127.0.0.1:1"}},
		{"a host that does not answer", test.With(params, "connection.host", "192.0.2.1"), queues.ErrNoConnection, []string{"192.0.2.1"}},
		{"no broker", answering(t, []byte("SSH-2.0-OpenSSH_9.2p1\r\n")), queues.ErrNoConnection, []string{"connecting to mqtt://"}},
		{"it hangs up", answering(t, nil), queues.ErrNoConnection, []string{"connecting to mqtt://"}},
		{"version 5 is refused", answering(t, []byte{0x20, 3, 0, 0x84, 0}), queues.ErrNotSupported, []string{"MQTT 5"}},
		{"the client id is refused", answering(t, []byte{0x20, 3, 0, 0x85, 0}), queues.ErrBadConfig, []string{"client_id"}},
		{"the password is refused", test.With(answering(t, []byte{0x20, 3, 0, 0x86, 0}), "credential.username", "me", "credential.password", "hunter2"), queues.ErrNoConnection, []string{"credential.password"}},
		{"the will is refused", test.With(answering(t, []byte{0x20, 3, 0, 0x9a, 0}), "options.will_topic", "x"), queues.ErrBadConfig, []string{"options.will_retain"}},
		{"no queue", test.With(params, "options.auto_create", false), queues.ErrBadConfig, []string{"options.auto_create", "CreateQueue"}},
		{"a bad topic", test.With(params, "topic", "a/#/b"), queues.ErrBadConfig, []string{"topic", "a/#/b"}},
		{"a bad will", test.With(params, "options.will_topic", "a/#"), queues.ErrBadConfig, []string{"options.will_topic"}},
		{"a bad protocol", test.With(params, "connection.protocol", "mqttt"), queues.ErrBadConfig, []string{"mqttt", "did you mean"}},
		{"a password in the URI", test.With(params, "connection.uri", "mqtt://me:hunter2@127.0.0.1:1"), queues.ErrNoConnection, []string{"127.0.0.1:1"}},
		{"an unknown option", test.With(params, "options.sesions", 2), queues.ErrBadConfig, []string{"options.sessions"}},
		{"what must be there is not", test.With(params, "options.require", "delay"), queues.ErrNotSupported, []string{"delay"}},
		{"order with several sessions", test.With(params, "options.require", "ordering", "options.sessions", 2), queues.ErrNotSupported, []string{"ordering"}},
		{"nothing lost with quality of service 0", test.With(params, "options.require", "at_least_once", "options.qos", 0), queues.ErrNotSupported, []string{"at_least_once"}},
	} {
		checkRefused(t, wrong)
	}
}

func TestServersThatCanDoLess(t *testing.T) {
	const maximumQoS, retain, wildcards, shared = 0x24, 0x25, 0x28, 0x2a
	without := func(property byte) *cconf.ConfigParams { return answering(t, []byte{0x20, 5, 0, 0, 2, property, 0}) }
	for _, wrong := range []wrongSetting{
		{"quality of service", test.With(without(maximumQoS), "options.qos", 1), queues.ErrNotSupported, []string{"options.qos"}},
		{"shared subscriptions", test.With(without(shared), "options.sessions", 2), queues.ErrNotSupported, []string{"shared", "options.sessions"}},
		{"wildcards", test.With(without(wildcards), "topic", "a/#"), queues.ErrNotSupported, []string{"wildcard", "a/#"}},
		{"retained messages", test.With(without(retain), "options.retain", true), queues.ErrNotSupported, []string{"options.retain"}},
		{"retained notes", without(retain), queues.ErrNotSupported, []string{"options.registry", "options.qos"}},
	} {
		checkRefused(t, wrong)
	}
}

func TestUsersWithoutRights(t *testing.T) {
	rules := &auth.Ledger{
		Auth: auth.AuthRules{{Username: "guest", Password: "guest", Allow: true}},
		ACL: auth.ACLRules{{Username: "guest", Filters: auth.Filters{
			"pip-services/#": auth.ReadWrite, "read": auth.ReadOnly, "write": auth.WriteOnly, "write.dead": auth.ReadWrite, "read.dead": auth.ReadWrite, "elsewhere/#": auth.Deny,
		}}},
	}
	params := test.With(inProcess(t, &ledgerHook{rules: rules}), "credential.username", "guest", "credential.password", "guest")
	checkRefused(t, wrongSetting{"wrong password", test.With(params, "credential.password", "hunter2"), queues.ErrNoConnection, []string{"credential.password"}})
	checkRefused(t, wrongSetting{"no right to subscribe", test.With(params, "topic", "write"), queues.ErrBadConfig, []string{"write", "grant"}})
	checkRefused(t, wrongSetting{"no right to note", test.With(params, "topic", "read", "options.registry", "elsewhere"), queues.ErrBadConfig, []string{"elsewhere", "options.registry"}})
	queue := openQueue(t, "read", params)
	err := queue.Send(t.Context(), "test", test.Text("A"))
	require.ErrorIs(t, err, queues.ErrNotSupported)
	require.ErrorContains(t, err, "may not publish")
}

// ledgerHook lets in whom a ledger does, without reading it from a file.
type ledgerHook struct {
	mochi.HookBase
	rules *auth.Ledger
}

func (h *ledgerHook) ID() string { return "ledger" }
func (h *ledgerHook) Provides(what byte) bool {
	return what == mochi.OnConnectAuthenticate || what == mochi.OnACLCheck
}

func (h *ledgerHook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	_, ok := h.rules.AuthOk(cl, pk)
	return ok
}

func (h *ledgerHook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	_, ok := h.rules.ACLOk(cl, topic, write)
	return ok
}

func TestWebSockets(t *testing.T) {
	server := newServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().(*net.TCPAddr)
	require.NoError(t, listener.Close())
	require.NoError(t, server.AddListener(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: address.String()})))
	require.NoError(t, server.Serve())
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		http.DefaultClient.CloseIdleConnections()
	})
	queue := openQueue(t, "socket", test.With(configAt(address.Port), "connection.protocol", "ws"))
	require.NoError(t, queue.Send(t.Context(), "test", test.Text("A")))
	require.Equal(t, "A", test.ReceiveText(t, queue, 10*time.Second))
}
